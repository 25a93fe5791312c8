// Package telemetry shows what goes on, while it goes on, as Prometheus metrics.
//
// Its law: it only shows. Nothing is decided by a metric, no figure of a result
// comes from one, and a run with metrics is the same run. What is counted already
// is read when someone scrapes, and not counted twice; what is not costs the hot
// path no look-up and no shared lock, and where metrics are off, next to nothing:
// a nil *Metrics, and all that it gives, takes what it is told and does nothing.
//
// Labels are bounded by the experiment: services, links, codes, the topics of the
// services. No key, no id, no address and no text of an error is one.
package telemetry

import (
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are those of one process, in a registry of their own. nil is off.
type Metrics struct {
	registry   *prometheus.Registry
	counters   map[string]*prometheus.CounterVec
	histograms map[string]*prometheus.HistogramVec

	mu    sync.Mutex
	runs  []*Run  // that have not ended
	ended samples // the counters of those that have
}

// New returns the metrics of this process: of its runs, of the process itself and
// of what it was built from.
func New() *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		counters:   make(map[string]*prometheus.CounterVec),
		histograms: make(map[string]*prometheus.HistogramVec),
		ended:      make(samples),
	}
	for _, f := range told {
		switch f.Type {
		case Counter:
			m.counters[f.Name] = f.counter()
			m.registry.MustRegister(m.counters[f.Name])
		case Histogram:
			m.histograms[f.Name] = f.histogram()
			m.registry.MustRegister(m.histograms[f.Name])
		}
	}
	m.registry.MustRegister(
		scrape{m}, build(),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Run returns the metrics of a run: name tells those of one scenario apart. Its
// counters stay until the process ends, since who scrapes must see their last
// values; what is so only at a moment goes with the run's End. The counters of a later
// run of the same name go on from there.
func (m *Metrics) Run(scenario, name string) *Run {
	if m == nil {
		return nil
	}
	r := &Run{metrics: m, scenario: scenario, name: name}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs = append(m.runs, r)
	return r
}

// now returns the runs that have not ended, and what those that have had counted.
func (m *Metrics) now() ([]*Run, samples) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.runs), maps.Clone(m.ended)
}

// end keeps what a run has counted, in its place.
func (m *Metrics) end(r *Run, last samples) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs = slices.DeleteFunc(m.runs, func(other *Run) bool { return other == r })
	m.ended.add(last)
}

// Run is what is shown of one run. nil is off.
type Run struct {
	metrics        *Metrics
	scenario, name string

	mu        sync.Mutex
	processes []ReadProcess
	load      ReadLoad
	ended     bool
	last      samples // once it has ended
}

// counter returns the counter of a family with these labels.
func (r *Run) counter(f Family, labels ...string) prometheus.Counter {
	return r.metrics.counters[f.Name].WithLabelValues(r.labels(labels)...)
}

// histogram returns the histogram of a family with these labels.
func (r *Run) histogram(f Family, labels ...string) prometheus.Observer {
	return r.metrics.histograms[f.Name].WithLabelValues(r.labels(labels)...)
}

func (r *Run) labels(more []string) []string {
	return append([]string{r.scenario, r.name}, more...)
}
