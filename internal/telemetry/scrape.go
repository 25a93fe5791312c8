package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// scrapeLimit bounds what reading a run may take: the bus is asked how far its
// topics are, and it may be away.
const scrapeLimit = 500 * time.Millisecond

// scrape reads, at each scrape, what is counted already.
type scrape struct{ metrics *Metrics }

func (s scrape) Describe(to chan<- *prometheus.Desc) {
	for _, f := range read {
		to <- f.desc()
	}
}

func (s scrape) Collect(to chan<- prometheus.Metric) {
	runs, all := s.metrics.now()
	for _, r := range runs {
		all.add(r.read())
	}
	for _, sample := range all {
		to <- sample.metric()
	}
}

// read reads a run; one that has ended meanwhile, as it was then.
func (r *Run) read() samples {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return r.last
	}
	return r.readNow(func(Family) bool { return true })
}

// End ends what is read of the run. It is called while all can still be read.
func (r *Run) End() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.ended = true
	r.last = r.readNow(func(f Family) bool { return f.Type == Counter })
	r.processes, r.load = nil, nil // and with them all that they hold on to
	r.metrics.end(r, r.last)
}

func (r *Run) readNow(wanted func(Family) bool) samples {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	s := &sheet{run: r, wanted: wanted, samples: make(samples)}
	for _, process := range r.processes {
		s.process(process(ctx))
	}
	if r.load != nil {
		s.load(r.load())
	}
	return s.samples
}

// sheet gathers what is read of one run.
type sheet struct {
	run     *Run
	wanted  func(Family) bool
	samples samples
}

func (s *sheet) put(f Family, value float64, labels ...string) {
	if s.wanted(f) {
		s.samples.put(sample{f, s.run.labels(labels), value})
	}
}

func (s *sheet) count(f Family, n int64, labels ...string) { s.put(f, float64(n), labels...) }
