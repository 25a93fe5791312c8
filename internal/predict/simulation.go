package predict

import (
	"cmp"
	"context"
	"slices"
	"time"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/schedule"
	"crosstalk/internal/theory"
)

// How much is simulated where nobody says how much: requests of the driver, and
// visits that these lead to, of all services together. A graph that is wide or
// deep, or whose tries fail and are tried again, is simulated for fewer requests. Where a fault has a window, all of the
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
	// Progress is called now and then, up to several thousand times a second, with
	// the share that is done: 0 as long as that is not known.
	Progress func(share float64)
}

// simulation carries an experiment out in virtual time: with the schedule and the
// fault decisions of the real one, so that request 1234 is the real request 1234.
type simulation struct {
	calendar
	*graph
	load       schedule.Plan
	most       int64 // requests, if positive
	foreseen   int64 // tries of all needs, if positive: more end the load
	tried      int64
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

	heldBack bool // some request, by the in-flight window
	underWay int
	backlog  []schedule.Read // waits for the in-flight window
	warmed   int64           // requests of a closed loop, in the warm-up
	looped   int64           // and after it
}

// Simulate predicts by carrying the experiment out in virtual time. The error is
// an Unsupported, or that of ctx if it ends before the simulation.
func Simulate(ctx context.Context, e *experiment.Experiment, scenario string, o Options) (theory.Prediction, error) {
	if err := known(e, scenario); err != nil {
		return theory.Prediction{}, err
	}
	s := newSimulation(newGraph(e, scenario), o)
	if err := s.run(ctx); err != nil {
		return theory.Prediction{}, err
	}
	return s.prediction(), nil
}

// prediction sums up what was simulated.
func (s *simulation) prediction() theory.Prediction {
	t := s.tally
	p := theory.Prediction{
		Scenario: s.scenario, Method: Simulation, RequestsSimulated: t.requests, ChangesSimulated: t.lags.count,
		SimulatedSeconds: s.load.Duration.Seconds(),
		Latency:          t.latency.quantiles(), Staleness: t.ages.quantiles(), ReplicationLag: t.lags.quantiles(),
		TriesPerRequest: make(map[string]float64),
	}
	if t.requests == 0 {
		return p
	}
	p.Intervals = t.intervals()
	p.Queues = s.queues()
	p.ErrorRate = float64(t.failed) / float64(t.requests)
	if answers := t.requests - t.failed; answers > 0 {
		p.StaleShare = float64(t.stale) / float64(answers)
	}
	for _, n := range s.nodes {
		for _, need := range n.needs {
			p.TriesPerRequest[n.name+"→"+need.name] = float64(need.tries) / float64(t.requests)
		}
	}
	return p
}

// most is how many requests are simulated, where so many are asked for: negative
// for all that there are.
func (g *graph) most(asked int64) int64 {
	switch {
	case asked != 0:
		return asked
	case g.windowed():
		return -1
	}
	return min(DefaultRequests, max(fewestRequests, int64(defaultVisits/g.visits())))
}

// windowed reports whether a fault acts for a while only.
func (g *graph) windowed() bool {
	return slices.ContainsFunc(g.faults, func(f fault.Fault) bool { return !f.Window.Always() })
}

// stretch is how much of the experiment is simulated.
func (g *graph) stretch(most int64) schedule.Plan {
	plan := g.Plan()
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

// run carries out what is planned and what is due, in the order of time, until ctx
// ends.
func (s *simulation) run(ctx context.Context) error {
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
	for n := 1; ; n++ {
		if n%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if s.enough() {
				more, moreWrites = false, false
			}
		}
		at, planned := s.next()
		switch {
		case planned && (!more || at <= read.Due) && (!moreWrites || at <= write.Due):
			if at > s.load.Duration+s.timeout+drain {
				return nil
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
			return nil
		}
	}
}

// checkEvery is after how many steps it is looked whether to go on: some tenths of
// a millisecond.
const checkEvery = 1024

// enough tells how far the simulation is, and ends the load where its requests have
// led to more visits than was foreseen.
func (s *simulation) enough() bool {
	visits := 0.0
	if s.foreseen > 0 && s.tally.requests >= fewestRequests {
		visits = float64(s.tried) / float64(s.foreseen)
	}
	if s.options.Progress != nil {
		done := float64(s.now+s.load.WarmUp) / float64(s.load.Duration+s.load.WarmUp)
		if s.load.Rate == 0 {
			done = max(done, float64(s.looped)/float64(s.mostLooped()))
		}
		s.options.Progress(min(max(done, visits), 1))
	}
	if visits < 1 || s.now >= s.load.Duration {
		return false
	}
	s.load.Duration = s.now
	return true
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
	if s.most > 0 {
		return s.most
	}
	return DefaultRequests
}
