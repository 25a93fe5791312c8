package predict

import (
	"math"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/record"
)

func newSimulation(g *graph, o Options) *simulation {
	most := g.most(o.Requests)
	load := g.stretch(most)
	s := &simulation{
		graph: g, load: load, most: most, sequential: g.Fanout == experiment.Sequential,
		options: o, tally: newTally(!g.windowed(), load.Rate*load.Duration.Seconds()), byName: make(map[string]*node, len(g.services)),
		wires:    make(map[*node]*wire),
		versions: make(map[cell]uint64), newest: make(map[cell]uint64),
	}
	if o.Requests == 0 && most > 0 {
		s.foreseen = 2 * defaultVisits
	}
	s.wireBus()
	s.addNodes()
	s.entry = s.byName[g.entry.name]
	s.driver = s.wireTo(s.entry)
	for _, n := range s.nodes {
		s.wires[n] = s.wireTo(n)
		for _, need := range n.service.needs {
			s.addEdge(n, need)
		}
	}
	s.reuses = s.reusable()
	return s
}

// wireBus takes what is asked of the bus. Only what is held up, or can be lost,
// has to be looked at one by one.
func (s *simulation) wireBus() {
	if !s.uses(ask, copied) {
		return
	}
	faults := s.faults.At(fault.Target{Part: fault.Bus})
	if len(faults) > 0 {
		s.bus = fault.NewLine(string(fault.Bus), s.seed, faults)
	}
	s.busAway = s.busWindows(fault.Outage)
	for _, w := range s.busAway {
		s.busUnread = append(s.busUnread, fault.Window{Start: w.Start, Length: found(w.Start, w.End()) - w.Start})
	}
	s.stalled = s.busWindows(fault.Stall)
	s.rejoining = s.busWindows(fault.Rebalance)
	// What a database holds up is applied in order, one batch after the other.
	s.lossy = len(faults) > 0 || len(s.databases) > 0 && s.uses(copied)
	for _, f := range s.faults {
		away := f.Target.Part == fault.Service && (f.Kind == fault.Outage || f.Kind == fault.Freeze)
		s.lossy = s.lossy || away || f.Kind == fault.Poison
	}
}

func (s *simulation) addNodes() {
	var shared *process
	for _, one := range s.services {
		n := &node{service: one, boundary: s.boundary(place{one.name, one.faults}), own: s.boundaries(s.lookUps(one, one.name))}
		if shared == nil || !s.oneProcess() {
			shared = &process{publishes: math.MinInt64, frozen: s.windows(fault.Freeze, one), away: s.windows(fault.Outage, one)}
			if len(shared.away) > 0 || len(s.rejoining) > 0 {
				shared.living = make(map[*visit]struct{})
			}
		}
		n.process = shared
		target := fault.Target{Service: one.name, Part: fault.Events}
		if faults := s.faults.At(target); len(faults) > 0 {
			n.poison = fault.NewLine(target.String(), s.seed, faults)
		}
		s.nodes = append(s.nodes, n)
		s.byName[one.name] = n
	}
}

func (s *simulation) boundary(p place) *fault.Boundary {
	return fault.NewBoundary(p.name, s.seed, p.faults)
}

func (s *simulation) boundaries(places []place) []*fault.Boundary {
	var out []*fault.Boundary
	for _, p := range places {
		out = append(out, s.boundary(p))
	}
	return out
}

func (s *simulation) wireTo(n *node) *wire {
	return &wire{away: n.process.away, checked: math.MinInt64}
}

func (s *simulation) addEdge(consumer *node, need need) {
	e := &edge{
		need: need, consumer: consumer, supplier: s.byName[need.name],
		circuit: policy.NewCircuit(need.policy.Breaker), tokens: policy.NewTokens(need.policy.Budget), moving: newMovingQuantile(need.policy.Hedge),
	}
	consumer.needs = append(consumer.needs, e)
	if need.policy.Fallback {
		e.known = make(map[record.Key]age)
		s.falling = append(s.falling, e)
		s.writing = true
	}
	switch need.link {
	case call:
		e.wire = s.wireTo(e.supplier)
	case ask:
		s.addAsking(e)
	case copied:
		s.addCopy(e)
	}
}

func (s *simulation) addAsking(e *edge) {
	if e.supplier.queries == nil {
		e.supplier.queries = s.laneOf(e.supplier.process, deliverEach)
	}
	if e.consumer.replies == nil {
		e.consumer.replies = s.laneOf(e.consumer.process, deliverEach)
	}
}

func deliverEach(batch []*letter, done func()) {
	for _, l := range batch {
		l.deliver()
	}
	done()
}

func (s *simulation) laneOf(p *process, handle func([]*letter, func())) *lane {
	l := &lane{sim: s, process: p, handle: handle, committedAt: -s.load.WarmUp}
	p.lanes = append(p.lanes, l)
	return l
}

func (s *simulation) addCopy(e *edge) {
	places := s.lookUps(e.consumer.service, e.name)
	e.reads = s.boundaries(places)
	e.copy = &replica{
		sim: s, consumer: e.consumer, applying: s.boundaries(places),
		waiting: make(map[record.Key][]waiting), visible: make(map[record.Key]uint64),
	}
	e.copy.lane = s.laneOf(e.consumer.process, e.copy.apply)
	s.writing = true
	owner := e.supplier
	if owner.relay == nil {
		owner.relay = &relay{sim: s, node: owner}
		owner.process.relays = append(owner.process.relays, owner.relay)
	}
	owner.relay.copies = append(owner.relay.copies, e.copy)
}
