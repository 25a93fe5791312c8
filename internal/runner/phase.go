package runner

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"crosstalk/internal/load"
)

// stage is a phase that does not follow from the time alone, and when it ends at the
// latest; the zero time is not known.
type stage struct {
	phase Phase
	limit time.Time
}

// stage says what the run does until the function that it returns is called.
func (r *run) stage(phase Phase, limit time.Time) (end func()) {
	r.stages.Store(&stage{phase, limit})
	return func() { r.stages.Store(nil) }
}

// inPhase fills in what a run does, and for what it waits.
func (r *run) inPhase(p *Progress) {
	if s := r.stages.Load(); s != nil {
		p.Phase = s.phase
		if !s.limit.IsZero() {
			p.Limit = max(time.Until(s.limit), 0)
		}
		if s.phase == Catching {
			p.Waiting = int64(r.lag.Unseen())
		}
		return
	}
	switch {
	case p.Elapsed < 0:
		p.Phase, p.Limit = WarmUp, -p.Elapsed
	case p.Elapsed <= p.Duration:
		p.Phase, p.Limit = Measuring, p.Duration-p.Elapsed
	default:
		p.Phase, p.Waiting = Draining, inFlight(p.Counts)
		p.Limit = max(p.Duration+drainLimit-p.Elapsed, 0)
	}
}

func inFlight(c *load.Counts) int64 {
	ended := c.Succeeded.Load() + c.Failed.Load() + c.Interrupted.Load() // before those that are sent
	return c.Sent.Load() - ended
}

// waits are what is waited for before a run begins, in words.
type waits struct {
	mu  sync.Mutex
	all []*string
}

func (w *waits) add(what string) (done func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, &what)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.all = slices.DeleteFunc(w.all, func(one *string) bool { return one == &what })
	}
}

// String names the oldest.
func (w *waits) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch len(w.all) {
	case 0:
		return ""
	case 1:
		return *w.all[0]
	}
	return fmt.Sprintf("%s, and %d more", *w.all[0], len(w.all)-1)
}

// sayWaits shows, each second until the function that it returns is called, what is
// waited for and how much longer.
func (r *run) sayWaits(w *waits, limit time.Duration) (stop func()) {
	if r.options.Progress == nil {
		return func() {}
	}
	begin, ended := time.Now(), make(chan struct{})
	var saying sync.WaitGroup
	saying.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				elapsed := time.Since(begin)
				r.options.Progress(Progress{
					Scenario: r.scenario.Name, Phase: Starting, WaitingFor: w.String(), Elapsed: elapsed, Limit: max(limit-elapsed, 0),
					Duration: time.Duration(r.experiment.Duration), Counts: &load.Counts{},
				})
			case <-ended:
				return
			}
		}
	})
	return func() {
		close(ended)
		saying.Wait()
	}
}
