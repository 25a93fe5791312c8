package runner

import (
	"strings"

	"crosstalk/internal/fault"
	"crosstalk/internal/load"
)

// explains names the fault that explains why a replica does not have a version of a
// record; empty where none does.
func (r *run) explains(c load.Change) string {
	if r.lag.IsLost(c.Consumer, c.Owner, c.Key, c.Version) {
		return r.losers(c.Owner)
	}
	if !bool(r.experiment.Outbox) && r.book.BeforeRestart(c.Owner, c.Key, c.Version) {
		return r.signalled(c) + " with --outbox=off"
	}
	for _, held := range r.pending[c.Owner] {
		if held.has(c) {
			return held.by
		}
	}
	return ""
}

// losers names the faults that lose events of an owner.
func (r *run) losers(owner string) string {
	var names []string
	for _, f := range r.experiment.Faults() {
		if f.Kind.LosesEvents() && (f.Target.Part == fault.Bus || f.Target.Service == owner) {
			names = append(names, f.String())
		}
	}
	return strings.Join(names, " or ")
}

// signalled names the first signal to an owner's process that ended it after a change
// was acknowledged.
func (r *run) signalled(c load.Change) string {
	name := ""
	for _, f := range r.experiment.Faults() {
		if !f.Kind.Signals() || f.Target.Service != c.Owner {
			continue
		}
		if name = f.String(); f.Window.End() >= c.At {
			break
		}
	}
	return name
}
