package telemetry

import (
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

// values are the samples of our families as a scrape has them, by name and labels:
// name{a="b",c="d"}; of a histogram its _count and _sum.
func values(t *testing.T, m *Metrics) map[string]float64 {
	t.Helper()
	out := make(map[string]float64)
	for _, family := range gather(t, m) {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, l := range metric.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			id := func(suffix string) string {
				return strings.TrimPrefix(family.GetName(), "crosstalk_") + suffix + "{" + strings.Join(labels, ",") + "}"
			}
			switch {
			case metric.Counter != nil:
				out[id("")] = metric.GetCounter().GetValue()
			case metric.Gauge != nil:
				out[id("")] = metric.GetGauge().GetValue()
			case metric.Histogram != nil:
				out[id("_count")] = float64(metric.GetHistogram().GetSampleCount())
				out[id("_sum")] = metric.GetHistogram().GetSampleSum()
			}
		}
	}
	return out
}

func gather(t *testing.T, m *Metrics) []*dto.MetricFamily {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var ours []*dto.MetricFamily
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "crosstalk_") {
			ours = append(ours, f)
		}
	}
	return ours
}

func checkValues(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for id, value := range want {
		if have, ok := got[id]; !ok || have != value {
			t.Errorf("%s is %v (there: %t), want %v", id, have, ok, value)
		}
	}
}
