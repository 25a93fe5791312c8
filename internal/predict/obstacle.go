package predict

import (
	"slices"

	"crosstalk/internal/dist"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/schedule"
)

// obstacle names what no closed form is known for here, or nothing.
func (g *graph) obstacle() string {
	if g.Rate == 0 {
		return "closed loop"
	}
	reached, twice := g.reached()
	if twice != "" {
		// Both ways meet the same faults: they are anything but independent.
		return twice + " is reached in two ways"
	}
	for _, s := range g.services {
		if reached[s] && s.capacity.Workers > 0 {
			return "workers of " + s.name
		}
		for _, n := range s.needs {
			if why := ofPolicy(n.policy); reached[s] && why != "" {
				return why + " of " + s.name
			}
		}
	}
	for _, f := range g.faults {
		if why := g.ofFault(f); why != "" {
			return why
		}
	}
	return g.ofCopies()
}

// reached are the services that a request can get to, and one that it can get to
// in more than one way.
func (g *graph) reached() (reached map[*service]bool, twice string) {
	reached = map[*service]bool{}
	var visit func(s *service)
	visit = func(s *service) {
		if reached[s] {
			twice = s.name
			return
		}
		reached[s] = true
		for _, n := range s.needs {
			if n.link != copied {
				visit(n.service)
			}
		}
	}
	visit(g.entry)
	return reached, twice
}

func ofPolicy(p policy.Policy) string {
	switch {
	case p.Breaker.Count > 0:
		return "breaker"
	case p.Hedge != policy.Hedge{}:
		return "hedge"
	case p.Budget != policy.Budget{}:
		return "budget"
	case p.Fallback:
		return "fallback"
	}
	return ""
}

// formulas are the kinds of faults that the closed forms know: the simulation injects
// the others as the services do.
var formulas = map[fault.Kind]bool{
	fault.Hang: true, fault.Delay: true, fault.Slow: true, fault.Abort: true, fault.Freeze: true, fault.Outage: true,
	fault.Drop: true, fault.Poison: true, fault.Duplicate: true, fault.Reorder: true, fault.Stall: true, fault.Rebalance: true,
}

func (g *graph) ofFault(f fault.Fault) string {
	onBus := f.Target.Part == fault.Bus || f.Target.Part == fault.Events
	switch {
	case !formulas[f.Kind]:
		return "kind of fault: " + f.String()
	case onBus && !g.uses(ask, copied):
		return ""
	case !f.Window.Always():
		return "window of " + f.String()
	case !onBus || f.Kind == fault.Duplicate:
		return "" // without bounds, what is done twice takes no longer
	case f.Kind == fault.Delay || f.Kind == fault.Reorder:
		return "order of events: " + f.String()
	case g.uses(copied):
		return "lost changes: " + f.String()
	}
	return ""
}

// ofCopies is what stands in the way of the formulas for copies.
func (g *graph) ofCopies() string {
	if !g.uses(copied) || g.Plan().WriteRate == 0 {
		return ""
	}
	if g.Arrival != schedule.Poisson && g.holdsUpChanges() {
		return "changes at constant intervals"
	}
	for _, s := range g.services {
		for i, n := range s.needs {
			if n.link != copied {
				continue
			}
			if len(g.databases.At(fault.Target{Service: s.name, Part: fault.Store})) > 0 ||
				len(g.databases.At(fault.Target{Service: n.name, Part: fault.Store})) > 0 {
				return "database that holds up changes"
			}
			if s == g.entry && (g.behindCall(i) || delays(s.faults)) {
				return "copies that are read late"
			}
		}
	}
	return ""
}

// behindCall reports whether the entry waits for another service before it gets to
// its i-th need.
func (g *graph) behindCall(i int) bool {
	return g.Fanout == experiment.Sequential &&
		slices.ContainsFunc(g.entry.needs[:i], func(n need) bool { return n.link != copied })
}

func (g *graph) holdsUpChanges() bool {
	for _, s := range g.services {
		if s.owns && len(s.faults) > 0 {
			return true
		}
	}
	return false
}

func delays(faults fault.Faults) bool {
	for _, f := range faults {
		if f.Kind == fault.Delay && f.Delay.String() != (dist.Distribution{}).String() {
			return true
		}
	}
	return false
}
