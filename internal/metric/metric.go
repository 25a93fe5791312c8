// Package metric names what can be read off a run.
//
// Its law: a metric is one name, one unit and one direction, the same wherever it
// is asked for, and its value never travels without its interval.
package metric

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"crosstalk/internal/result"
	"crosstalk/internal/setting"
)

// Unit is what a metric's values are.
type Unit int

// The units.
const (
	Seconds   Unit = iota
	Share          // in [0, 1]
	PerSecond      // requests
	Number         // events per request, CPU seconds
)

// Value is what a run says of a metric, with its 95 % interval. An end that the samples
// are too few to bound is open: Low is then −Inf, High +Inf. It is not Known where the
// run has nothing to say: a percentile of no samples.
type Value struct {
	Value, Low, High float64
	Known            bool
}

// OpenBelow reports whether no sample bounds the value below.
func (v Value) OpenBelow() bool { return math.IsInf(v.Low, -1) }

// OpenAbove reports whether no sample bounds the value above.
func (v Value) OpenAbove() bool { return math.IsInf(v.High, 1) }

// exactly is a value that is counted and not estimated.
func exactly(v float64) Value { return Value{v, v, v, true} }

// Metric is one figure of a run.
type Metric struct {
	Name string
	Unit Unit
	// MoreIsBetter is true of throughput alone.
	MoreIsBetter bool
	of           func(r *result.Loaded) Value
}

// Of reads the metric off a run.
func (m Metric) Of(r *result.Loaded) Value { return m.of(r) }

// Better reports whether a is better than b beyond their intervals.
func (m Metric) Better(a, b Value) bool {
	switch {
	case !a.Known || !b.Known:
		return false
	case m.MoreIsBetter:
		return a.Low > b.High
	}
	return a.High < b.Low
}

// distributions are those that percentiles can be asked of.
var distributions = map[string]result.Kind{
	"latency": result.Latency, "service_time": result.ServiceTime, "failed_latency": result.FailedLatency,
	"lateness": result.Lateness, "staleness": result.Staleness, "lag": result.ReplicationLag,
}

var plain = []Metric{
	{Name: "errors", Unit: Share, of: func(r *result.Loaded) Value {
		e := r.ErrorRate
		return Value{e.Value, e.Low, e.High, r.Requests.Sent > 0}
	}},
	{Name: "stale", Unit: Share, of: func(r *result.Loaded) Value {
		s := r.StaleRate
		return Value{s.Value, s.Low, s.High, r.Judged() > 0}
	}},
	{Name: "write_errors", Unit: Share, of: func(r *result.Loaded) Value {
		e := r.Writes.ErrorRate()
		return Value{e.Value, e.Low, e.High, r.Writes.Sent() > 0}
	}},
	{Name: "throughput", Unit: PerSecond, MoreIsBetter: true, of: func(r *result.Loaded) Value { return exactly(r.Requests.Throughput) }},
	{Name: "events", Unit: Number, of: func(r *result.Loaded) Value { return exactly(r.EventsPerRequest) }},
	{Name: "cpu", Unit: Number, of: func(r *result.Loaded) Value {
		v := exactly(r.CPUSecondsPer1000)
		v.Known = v.Value > 0
		return v
	}},
}

// Known describes the names that ByName knows.
const Known = "errors, stale, write_errors, throughput, events, cpu, or latency, staleness, lag, service_time, failed_latency or lateness " +
	"with .p50, .p99.9, .max or .mean behind it"

// ByName returns a metric, such as errors or latency.p99.
func ByName(name string) (Metric, error) {
	for _, m := range plain {
		if m.Name == name {
			return m, nil
		}
	}
	of, figure, _ := strings.Cut(name, ".")
	distribution, ok := distributions[of]
	if !ok {
		if guess := setting.DidYouMean(name, names()); guess != "" {
			return Metric{}, fmt.Errorf("unknown metric %q%s", name, guess)
		}
		return Metric{}, fmt.Errorf("unknown metric %q: %s", name, Known)
	}
	m := Metric{Name: name, Unit: Seconds}
	switch figure {
	case "max":
		m.of = exact(distribution, func(q result.Quantiles) float64 { return q.Max })
	case "mean":
		m.of = exact(distribution, func(q result.Quantiles) float64 { return q.Mean })
	default:
		percent, err := percentile(figure)
		if err != nil {
			return Metric{}, fmt.Errorf("metric %q: %w", name, err)
		}
		m.of = func(r *result.Loaded) Value {
			p := r.Percentile(distribution, percent/100)
			return Value{p.Value, p.Low, p.High, r.Quantiles(distribution).Count > 0}
		}
	}
	return m, nil
}

// names are those of the metrics, with the figures that are asked for most.
func names() []string {
	var out []string
	for _, m := range plain {
		out = append(out, m.Name)
	}
	for _, of := range slices.Sorted(maps.Keys(distributions)) {
		for _, figure := range []string{"p50", "p90", "p99", "p99.9", "max", "mean"} {
			out = append(out, of+"."+figure)
		}
	}
	return out
}

func percentile(text string) (float64, error) {
	number, ok := strings.CutPrefix(text, "p")
	v, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(v > 0 && v < 100) {
		return 0, fmt.Errorf("%q is no percentile such as p99, nor max or mean", text)
	}
	return v, nil
}

// exact is a figure of a distribution that no sample leaves in doubt.
func exact(k result.Kind, figure func(result.Quantiles) float64) func(*result.Loaded) Value {
	return func(r *result.Loaded) Value {
		q := r.Quantiles(k)
		v := exactly(figure(*q))
		v.Known = q.Count > 0
		return v
	}
}
