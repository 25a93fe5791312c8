package predict

import (
	"cmp"
	"slices"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/schedule"
)

// How much is simulated where nobody says how much: requests of the driver, and
// visits that these lead to, of all services together. A graph that is wide or
// deep is simulated for fewer requests. Where a fault has a window, all of the
// experiment is simulated, since a shorter stretch would be another experiment.
const (
	DefaultRequests = 200_000
	defaultVisits   = 4_000_000
	fewestRequests  = 1_000
)

// Options is how an experiment is simulated.
type Options struct {
	// Requests is the most requests of the measured part; 0 is DefaultRequests or
	// less, a negative number as many as the experiment has.
	Requests int64
	// Each is called with each request that is complete, the warm-up's too.
	Each func(Row)
}

// simulation carries an experiment out in virtual time: with the schedule and the
// fault decisions of the real one, so that request 1234 is the real request 1234.
type simulation struct {
	clock
	*graph
	load       schedule.Plan
	sequential bool
	options    Options
	tally      *tally

	nodes  []*node
	byName map[string]*node
	entry  *node
	driver *wire           // to the entry
	wires  map[*node]*wire // of the driver to the owners

	// The bus. lossy tells that events can be held up or lost at all.
	lossy     bool
	bus       *fault.Line // nil where it does nothing to events
	busAway   windows
	busUnread windows // until its readers have noticed that it is back
	stalled   windows
	rejoining windows

	versions map[cell]uint64 // that are issued
	newest   map[cell]uint64 // that are stored
	falling  []*edge         // those of the entry with a fallback
	writing  bool            // it matters what is written

	reuses bool       // requests that are over
	spare  []*request // to be used again

	underWay int
	backlog  []schedule.Read // waits for the in-flight window
	warmed   int64           // requests of a closed loop, in the warm-up
	looped   int64           // and after it
}

// Simulate predicts by carrying the experiment out in virtual time.
func Simulate(e *experiment.Experiment, scenario string, o Options) Prediction {
	s := newSimulation(newGraph(e, scenario), o)
	s.run()
	t := s.tally
	p := Prediction{
		Scenario: scenario, Method: Simulation, Requests: t.requests, Changes: t.lags.count,
		SimulatedSeconds: s.load.Duration.Seconds(),
		Latency:          t.latency.quantiles(), Staleness: t.ages.quantiles(), Lag: t.lags.quantiles(),
		Tries: make(map[string]float64),
	}
	if t.requests == 0 {
		return p
	}
	p.ErrorRate = float64(t.failed) / float64(t.requests)
	if answers := t.requests - t.failed; answers > 0 {
		p.StaleShare = float64(t.stale) / float64(answers)
	}
	for _, n := range s.nodes {
		for _, need := range n.needs {
			p.Tries[n.name+"→"+need.name] = float64(need.tries) / float64(t.requests)
		}
	}
	return p
}

// stretch is how much of the experiment is simulated.
func (g *graph) stretch(most int64) schedule.Plan {
	plan := g.Plan()
	for _, f := range g.faults {
		if !f.Window.Always() && most == 0 {
			most = -1
		}
	}
	if most == 0 {
		most = min(DefaultRequests, max(fewestRequests, int64(defaultVisits/g.visits())))
	}
	if most > 0 && plan.Rate > 0 {
		plan.Duration = min(plan.Duration, time.Duration(float64(most)/plan.Rate*1e9))
		plan.WarmUp = min(plan.WarmUp, plan.Duration)
	}
	return plan
}

// visits is how many visits a request leads to, at one try each.
func (g *graph) visits() float64 {
	known := make(map[*service]float64)
	var count func(s *service) float64
	count = func(s *service) float64 {
		n, ok := known[s]
		if ok {
			return n
		}
		n = 1
		for _, need := range s.needs {
			if need.link == copied {
				n++
			} else {
				n += count(need.service)
			}
		}
		known[s] = n
		return n
	}
	return count(g.entry)
}

// run carries out what is planned and what is due, in the order of time.
func (s *simulation) run() {
	s.now = -s.load.WarmUp
	s.planWindows()
	reads, writes := s.load.Reads(), s.load.Writes()
	read, more := reads.Next()
	write, moreWrites := writes.Next()
	if s.load.Rate == 0 {
		more = false
		s.closeLoop()
	}
	moreWrites = moreWrites && s.writing
	end := s.load.Duration + s.timeout + drain
	for {
		at, planned := s.next()
		switch {
		case planned && (!more || at <= read.Due) && (!moreWrites || at <= write.Due):
			if at > end {
				return
			}
			s.step()
		case more && (!moreWrites || read.Due <= write.Due):
			s.now = read.Due
			s.submit(read)
			read, more = reads.Next()
		case moreWrites:
			s.now = write.Due
			s.write(write)
			write, moreWrites = writes.Next()
		default:
			return
		}
	}
}

// drain is how long is waited in the end for changes to become visible.
const drain = 30 * time.Second

// planWindows plans what processes do at the ends of windows.
func (s *simulation) planWindows() {
	for _, p := range s.processes() {
		for _, w := range p.away {
			s.plan(w.Start, func() { s.down(p) })
			s.plan(w.End(), func() { s.comeUp(p) })
		}
		for _, w := range s.rejoining {
			s.plan(w.Start, func() { s.rejoin(p) })
		}
	}
}

func (s *simulation) processes() []*process {
	var out []*process
	for _, n := range s.nodes {
		if !slices.Contains(out, n.process) {
			out = append(out, n.process)
		}
	}
	return out
}

// down ends all that a process does.
func (s *simulation) down(p *process) {
	for _, r := range p.relays {
		r.epoch++
	}
	for _, v := range p.oldestFirst() {
		v.kill()
	}
	for _, l := range p.lanes {
		l.restart(false)
	}
}

// oldestFirst is a fixed order: a map has none.
func (p *process) oldestFirst() []*visit {
	var out []*visit
	for v := range p.living {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b *visit) int { return cmp.Compare(a.born, b.born) })
	return out
}

func (s *simulation) comeUp(p *process) {
	if p.away.until(s.now) > s.now {
		return
	}
	for _, r := range p.relays {
		r.resume()
	}
}

// rejoin ends what was asked of a process over the bus, to be asked again.
func (s *simulation) rejoin(p *process) {
	for _, v := range p.oldestFirst() {
		if _, asked := v.caller.(*reply); asked {
			v.kill()
		}
	}
	for _, l := range p.lanes {
		l.restart(true)
	}
}

// closeLoop starts the workers of a closed loop: each sends its next request when
// the last one is complete.
func (s *simulation) closeLoop() {
	for range int(s.Concurrency) {
		s.plan(s.now, s.again)
	}
}

func (s *simulation) again() {
	var r schedule.Read
	switch {
	case s.now >= s.load.Duration || s.looped >= s.mostLooped():
		return
	case s.now < 0 && s.warmed >= s.mostLooped():
		s.plan(0, s.again)
		return
	case s.now < 0:
		s.warmed++
		r = schedule.Read{ID: -s.warmed, Due: s.now}
	default:
		s.looped++
		r = schedule.Read{ID: s.looped - 1, Due: s.now}
	}
	r.Key = s.load.KeyOf(r.ID)
	s.submit(r)
}

// mostLooped bounds a closed loop that takes no time.
func (s *simulation) mostLooped() int64 {
	if s.options.Requests > 0 {
		return s.options.Requests
	}
	return DefaultRequests
}
