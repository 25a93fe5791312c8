package runner

import (
	"errors"
	"fmt"

	"crosstalk/internal/counts"
)

// countsFallbacks tells whether the number of fallbacks that the entry has delivered is
// known at the end. A process that is signalled takes with it what it has counted since
// it was last read, and one without a control tells nothing.
func (r *run) countsFallbacks() bool {
	entry := r.experiment.Entry().Name
	for _, f := range r.experiment.Faults() {
		if f.Kind.Signals() && (f.Target.Service == entry || r.scenario.OneProcess) {
			return false
		}
	}
	return len(r.nodes.of(entry)) > 0
}

// judgeFallbacks holds the records that only a fallback explains against the fallbacks
// that were delivered: those beyond are wrong. Where nodes tell nothing it is not known.
func (r *run) judgeFallbacks(told []counts.Policy) {
	if r.missing != nil {
		return
	}
	entry := r.experiment.Entry()
	for _, n := range entry.Needs {
		delivered := int64(0)
		for _, p := range told {
			if p.Consumer == entry.Name && p.Need == n.Service {
				delivered += p.Fallbacks
			}
		}
		if e := r.book.Excused(n.Service); e.Records > delivered {
			r.unexcused = errors.Join(r.unexcused, fmt.Errorf("%d records of %s were older than a request allows, and %s's fallback has delivered %d: %w",
				e.Records, n.Service, entry.Name, delivered, e.First))
		}
	}
}
