package fault

import (
	"crosstalk/internal/dist"
	"crosstalk/internal/setting"
)

// Rules is a boundary's faults, one of a kind and without a window, for tests.
type Rules struct {
	Aborts   Aborts
	HangRate setting.Share
	Work     dist.Distribution
}

func boundaryOf(service string, seed uint64, r Rules) *Boundary {
	var faults Faults
	target := Target{Service: service}
	if r.HangRate > 0 {
		faults = append(faults, Fault{Target: target, Kind: Hang, Share: r.HangRate})
	}
	if !r.Work.IsZero() {
		faults = append(faults, Fault{Target: target, Kind: Delay, Delay: r.Work})
	}
	if len(r.Aborts) > 0 {
		faults = append(faults, Fault{Target: target, Kind: Abort, Aborts: r.Aborts})
	}
	return NewBoundary(service, seed, faults)
}
