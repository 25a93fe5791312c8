package predict

import (
	"context"
	"time"

	"crosstalk/internal/dist"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/theory"
)

// Closed predicts by calculation. Where no closed form is known, why says what
// stands in the way, and there is no prediction.
//
// Requests are independent here, and so are the services that one request meets:
// errors are 1 − Π(1 − pᵢ), the latency of parallel calls has the product of their
// distribution functions (the largest order statistic), that of sequential ones
// and of chains the convolution, retries are a mixture over the number of tries.
// The error is an Unsupported, or that of ctx if it ends before the calculation.
func Closed(ctx context.Context, e *experiment.Experiment, scenario string, o Options) (p theory.Prediction, why string, err error) {
	if err := known(e, scenario); err != nil {
		return p, "", err
	}
	g := newGraph(e, scenario)
	if why := g.obstacle(); why != "" {
		return p, why, nil
	}
	p, why = g.calculate(func() bool {
		if o.Progress != nil {
			o.Progress(0)
		}
		return ctx.Err() == nil
	})
	if err := ctx.Err(); err != nil {
		return theory.Prediction{}, "", err
	}
	return p, why, nil
}

// going reports whether to go on. Where it does not, what is calculated is of no
// use, and only has to end.
type going func() bool

func (g *graph) calculate(goOn going) (p theory.Prediction, why string) {
	p = theory.Prediction{Scenario: g.scenario, Method: ClosedForm, TriesPerRequest: make(map[string]float64)}
	wide := g.solve(goOn, g.timeout)
	if !goOn() {
		return p, ""
	}
	p.ErrorRate = rate(1 - wide.latency.total())
	p.Latency = wide.quantiles(wide.latency)
	for i, n := range g.entry.needs {
		p.TriesPerRequest[g.entry.name+"→"+n.name] = wide.tries[i]
	}
	if full := float64(g.MaxInFlight); float64(g.Rate)*wide.underWay(g.timeout) > full/2 {
		return theory.Prediction{}, "the in-flight window may be full"
	}
	g.sharpen(wide, &p)
	g.staleness(goOn, &p)
	return p, ""
}

// sharpen takes the quantiles anew where the latencies fill but a part of the
// timeout, on a finer grid, and with them the error rate, for which a policy's
// timeout has to be met well. The mean was kept exactly before, and the last
// millionth of the answers is left as it was.
func (g *graph) sharpen(wide *solution, p *theory.Prediction) {
	const most = 1 - 1e-6
	sum, total, last := 0.0, wide.latency.total(), 0
	for i, q := range wide.latency {
		if sum += q; sum >= most*total {
			last = i
			break
		}
	}
	horizon := time.Duration(float64(last+2) * wide.step * 1.25)
	if p.Latency == nil || last == 0 || horizon > g.timeout/2 {
		return
	}
	mean := p.Latency.Mean
	fine := g.solve(wide.goOn, horizon)
	p.Latency = fine.quantiles(fine.latency)
	p.Latency.Mean = mean
	beyond := total - wide.latency.below(wide.index(horizon)).total()
	p.ErrorRate = rate(1 - fine.latency.total() - beyond)
}

// rate leaves out what rounding makes of a certain success.
func rate(p float64) float64 {
	if p < negligible {
		return 0
	}
	return p
}

// solution is what is known of a request.
type solution struct {
	*calculus
	latency measure   // of the successes
	hangs   float64   // how probable it is that there is no answer at all
	tries   []float64 // of each need of the entry
}

// underWay is about how long a request lasts on average, in seconds: a failure as
// long as a success, unless it hangs.
func (s *solution) underWay(timeout time.Duration) float64 {
	mean := 0.0
	if q := s.quantiles(s.latency); q != nil {
		mean = q.Mean
	}
	return mean*(1-s.hangs) + timeout.Seconds()*s.hangs
}

func (g *graph) solve(goOn going, horizon time.Duration) *solution {
	c := g.calculus(goOn, horizon, g.retries())
	s := &solution{calculus: c}
	v := visitor{g, c}
	arrived := c.boundary(g.entry.faults)
	needs, starts := v.needs(g.entry)
	all := c.sequence(arrived, v.gather(needs))
	s.latency = all.answered
	s.hangs = 1 - all.answered.total() - all.again.total() - all.never.total()
	for i := range needs {
		if !goOn() {
			break
		}
		s.tries = append(s.tries, v.tries(arrived.answered, needs, starts, i))
	}
	return s
}

// visitor walks through the graph. Each service is reached in one way only.
type visitor struct {
	*graph
	*calculus
}

// visit is a query to a service.
func (v visitor) visit(s *service) outcome {
	if !v.goOn() {
		return atOnce
	}
	arrived := v.boundary(s.faults)
	if len(s.needs) > 0 {
		needs, _ := v.needs(s)
		arrived = v.sequence(arrived, v.gather(needs))
	}
	return v.sequence(arrived, v.lookUp(s, s.name))
}

func (v visitor) lookUp(at *service, collection string) outcome {
	out := atOnce
	for _, p := range v.lookUps(at, collection) {
		out = v.sequence(out, v.boundary(p.faults))
	}
	return out
}

func (v visitor) needs(s *service) (needs []outcome, starts [][]measure) {
	for _, n := range s.needs {
		all, started := v.tried(v.met(s, n), n.policy)
		needs, starts = append(needs, all), append(starts, started)
	}
	return needs, starts
}

// met is one try of a need.
func (v visitor) met(at *service, n need) outcome {
	switch n.link {
	case copied:
		return v.lookUp(at, n.name)
	case ask:
		// A lost event is one that nobody answers: both the query and the result
		// have to arrive.
		o, arrive := v.visit(n.service), v.arrives(at)*v.arrives(n.service)
		return outcome{o.answered.scaled(arrive), o.again.scaled(arrive), o.never.scaled(arrive)}
	}
	return v.visit(n.service)
}

// arrives is how probable it is that an event of a service arrives.
func (g *graph) arrives(from *service) float64 {
	p := 1.0
	for _, f := range g.faults {
		lost := f.Kind.LosesEvents() && (f.Target.Part == fault.Bus || f.Target.Service == from.name)
		if lost {
			p *= 1 - float64(f.Share)
		}
	}
	return p
}

func (v visitor) gather(needs []outcome) outcome {
	if v.Fanout != experiment.Sequential {
		return v.parallel(needs)
	}
	out := atOnce
	for _, n := range needs {
		out = v.sequence(out, n)
	}
	return out
}

// tries is how often need i is tried per request: a try starts if no need has
// failed for good before it and the deadline has not passed.
func (v visitor) tries(arrived measure, needs []outcome, starts [][]measure, i int) float64 {
	var others []outcome
	if v.Fanout == experiment.Sequential {
		arrived = v.then(arrived, v.gather(needs[:i]).answered)
	} else {
		others = append(append(others, needs[:i]...), needs[i+1:]...)
	}
	sum := 0.0
	for _, start := range starts[i] {
		sum += v.then(arrived, surviving(start, others)).total()
	}
	return sum
}

func surviving(start measure, others []outcome) measure {
	out := append(measure(nil), start...)
	for i, p := range survival(len(start), others) {
		if i+1 < len(out) {
			out[i+1] *= p // what fails at the same moment comes too late
		}
	}
	return out
}

// marks are the times that are certain.
func (g *graph) marks(horizon time.Duration) []time.Duration {
	var marks []time.Duration
	add := func(d time.Duration) {
		if d > 0 && d <= horizon {
			marks = append(marks, d)
		}
	}
	add(g.timeout)
	for _, s := range g.services {
		for _, n := range s.needs {
			add(n.policy.Timeout)
			for i := 0; i < n.policy.Retry && n.policy.Backoff.From > 0; i++ {
				add(backoff(n.policy.Backoff, i))
			}
		}
	}
	for _, f := range g.faults {
		factor := 1.0
		for _, o := range g.faults.At(f.Target) {
			if o.Kind == fault.Slow {
				factor += o.Factor - 1
			}
		}
		for _, d := range atoms(f.Delay) {
			add(time.Duration(float64(d) * factor))
		}
	}
	return marks
}

// atoms are the latencies of a distribution that has only a few.
func atoms(d dist.Distribution) []time.Duration {
	const probes, few = 200, 8
	var out []time.Duration
	for i := range probes {
		at := d.Quantile((float64(i) + 0.5) / probes)
		if n := len(out); n == 0 || out[n-1] != at {
			out = append(out, at)
		}
		if len(out) > few {
			return nil
		}
	}
	return out
}

func (g *graph) retries() bool {
	for _, s := range g.services {
		for _, n := range s.needs {
			if n.policy.Retry > 0 {
				return true
			}
		}
	}
	return false
}
