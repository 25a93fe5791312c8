package predict

import (
	"fmt"
	"slices"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/setting"
)

// link is how a need is met.
type link int

const (
	call     link = iota // by gRPC
	function             // in the same process
	ask                  // by a query over the bus
	copied               // from a copy of one's own
)

// links are by the names of the scenarios, which this package must not import:
// it would know how to measure.
var links = map[string]link{
	"sync": call, "monolith": function, "async-request": ask, "async-replicated": copied,
}

// graph is an experiment as one scenario wires it.
type graph struct {
	*experiment.Experiment
	scenario  string
	services  []*service
	entry     *service
	faults    fault.Faults
	seed      uint64
	timeout   time.Duration
	databases fault.Faults // of the one database of a monolith
}

// service is one node of the graph.
type service struct {
	name     string
	owns     bool
	capacity setting.Capacity
	faults   fault.Faults // at its boundary
	needs    []need
}

// need is one edge of it.
type need struct {
	*service
	link   link
	policy policy.Policy
}

// Unsupported is the error of a prediction that needs something which theory does not
// know, and names it.
type Unsupported string

func (u Unsupported) Error() string {
	return "theory does not know " + string(u) + ": there is no prediction"
}

func unsupportedScenario(name string) error { return Unsupported(fmt.Sprintf("the scenario %q", name)) }

// windowed are the kinds of faults with a window that the simulation carries out. It
// meets the other kinds by the code of package fault, as the services do.
var windowed = map[fault.Kind]bool{fault.Outage: true, fault.Freeze: true, fault.Stall: true, fault.Rebalance: true}

// known returns an error where a scenario, a link of the graph or a kind of fault is not
// known here. To take it for one that is would be a prediction of something else.
func known(e *experiment.Experiment, scenario string) error {
	if _, ok := links[scenario]; !ok {
		return unsupportedScenario(scenario)
	}
	for _, s := range e.Services {
		for _, n := range s.Needs {
			if _, ok := links[n.Link]; !ok && n.Link != "" && links[scenario] != function {
				return unsupportedScenario(n.Link)
			}
		}
	}
	for _, f := range e.Faults().Windows() {
		if !f.Kind.Signals() && !windowed[f.Kind] {
			return Unsupported("the fault " + f.String())
		}
	}
	return nil
}

func newGraph(e *experiment.Experiment, scenario string) *graph {
	g := &graph{
		Experiment: e, scenario: scenario,
		seed: uint64(e.Seed), timeout: time.Duration(e.Timeout),
	}
	g.faults = g.awayAs()
	byName := make(map[string]*service, len(e.Services))
	entry := e.Entry().Name
	for _, s := range e.Services {
		n := &service{name: s.Name, owns: s.Name != entry, capacity: e.CapacityOf(s.Name)}
		byName[s.Name] = n
		g.services = append(g.services, n)
	}
	for _, f := range g.faults {
		switch s := byName[f.Target.Service]; {
		case f.Target.Part == fault.Service && s != nil:
			s.faults = append(s.faults, f)
		case f.Target.Part == fault.Store:
			g.databases = append(g.databases, f)
		}
	}
	for i, s := range e.Services {
		for _, n := range s.Needs {
			g.services[i].needs = append(g.services[i].needs, need{byName[n.Service], g.linkOf(n), e.PolicyOf(s.Name, n)})
		}
	}
	g.entry = byName[entry]
	return g
}

// linkOf is the link of a need: where all services share a process, there is
// only one.
func (g *graph) linkOf(n experiment.Need) link {
	if n.Link == "" || g.oneProcess() {
		return links[g.scenario]
	}
	return links[n.Link]
}

func (g *graph) oneProcess() bool { return links[g.scenario] == function }

// place is where faults act, by its name.
type place struct {
	name   string
	faults fault.Faults
}

// lookUps returns what a look-up in a service's collection passes, in order: the
// faults of its database. A process has one database, with the faults of all its
// services' databases, the last service's outermost.
func (g *graph) lookUps(at *service, collection string) []place {
	mates := []*service{at}
	if g.oneProcess() {
		mates = g.services
	}
	var out []place
	if len(g.databases) == 0 {
		return nil
	}
	for _, s := range slices.Backward(mates) {
		target := fault.Target{Service: s.name, Part: fault.Store}
		if faults := g.databases.At(target); len(faults) > 0 {
			out = append(out, place{target.String() + "/" + collection, faults})
		}
	}
	return out
}

// windows returns when a kind of fault acts on a service's whole process.
func (g *graph) windows(kind fault.Kind, at *service) windows {
	var out windows
	for _, f := range g.faults {
		mine := f.Target.Service == at.name || g.oneProcess()
		if f.Kind == kind && f.Target.Part == fault.Service && mine {
			out = append(out, f.Window)
		}
	}
	return out
}

// busWindows returns when a kind of fault acts on the bus.
func (g *graph) busWindows(kind fault.Kind) windows {
	var out windows
	for _, f := range g.faults.At(fault.Target{Part: fault.Bus}) {
		if f.Kind == kind {
			out = append(out, f.Window)
		}
	}
	return out
}

// windows are times at which something is away.
type windows []fault.Window

// until returns when it is back, seen from a moment: then, if it is not away.
func (w windows) until(at time.Duration) time.Duration {
	for again := true; again; {
		again = false
		for _, one := range w {
			if one.Contains(at) {
				at, again = one.End(), true
			}
		}
	}
	return at
}

// uses reports whether a need is linked in one of these ways.
func (g *graph) uses(which ...link) bool {
	for _, s := range g.services {
		for _, n := range s.needs {
			if slices.Contains(which, n.link) {
				return true
			}
		}
	}
	return false
}

// awayAs returns what is asked to go wrong, as theory knows it: a process that is
// killed or stopped is away until it is started again, as in an outage; where it has
// other copies, they go on, and it is not missed. A monolith has no copies.
func (g *graph) awayAs() fault.Faults {
	var out fault.Faults
	for _, f := range g.Faults() {
		if f.Kind.Signals() {
			if f.Target.Part == fault.Service && g.CopiesOf(f.Target.Service) > 1 && !g.oneProcess() {
				continue
			}
			f.Kind = fault.Outage
		}
		out = append(out, f)
	}
	return out
}
