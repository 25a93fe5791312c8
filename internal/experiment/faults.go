package experiment

import "crosstalk/internal/fault"

// Faults returns all that is asked to go wrong, as one list: the short forms
// first, then the faults by name. What is meant for all upstreams stands there
// once for each of them.
func (e *Experiment) Faults() fault.Faults {
	owners := e.Owners()
	upstream := e.needed()
	var out fault.Faults
	for _, s := range e.Services {
		at := fault.Target{Service: s.Name}
		if share := of(e.HangRate, s.Name, upstream[s.Name]); share > 0 {
			out = append(out, fault.Fault{Target: at, Kind: fault.Hang, Share: share})
		}
		if work := of(e.Latency, s.Name, upstream[s.Name]); !work.IsZero() {
			out = append(out, fault.Fault{Target: at, Kind: fault.Delay, Delay: work})
		}
		if aborts := of(e.FailRate, s.Name, upstream[s.Name]); len(aborts) > 0 {
			out = append(out, fault.Fault{Target: at, Kind: fault.Abort, Aborts: aborts})
		}
	}
	out = append(out, e.Outage...)
	return append(out, e.Fault.For(owners)...)
}
