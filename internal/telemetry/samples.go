package telemetry

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// sample is a value that was read.
type sample struct {
	family Family
	labels []string
	value  float64
}

func (s sample) metric() prometheus.Metric {
	kind := prometheus.GaugeValue
	if s.family.Type == Counter {
		kind = prometheus.CounterValue
	}
	return prometheus.MustNewConstMetric(s.family.desc(), kind, s.value, s.labels...)
}

// samples has one of each name and labels, whoever they are read of: Prometheus refuses
// a whole scrape for two of the same.
type samples map[sampleKey]sample

type sampleKey struct{ name, labels string }

// put adds what is counted to what is there, and replaces what is so at a moment.
func (all samples) put(s sample) {
	key := sampleKey{s.family.Name, strings.Join(s.labels, "\xff")} // which is in no label
	if s.family.Type == Counter {
		s.value += all[key].value
	}
	all[key] = s
}

func (all samples) add(more samples) {
	for _, s := range more {
		all.put(s)
	}
}
