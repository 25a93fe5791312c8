package predict

import (
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/policy"
)

// pursuit is one need of one visit, pursued as its policy says: retries around
// the breaker around the hedge around the try.
type pursuit struct {
	visit *visit
	need  *edge

	tries    int
	failures int
	running  []*try
	// armed tells that a hedge is to come. Until it has, a failure ends nothing.
	armed    bool
	pass     int // which of the passes through breaker and hedge this is
	permit   policy.Permit
	waiting  bool // for the next pass
	given    bool // up, by the visit
	over     bool
	last     codes.Code
	answered *try
	age      age

	// Most pursuits are of one try, so that one has its place here.
	first try
	one   [1]*try // the place of running
}

func (p *pursuit) begin(v *visit, need *edge) {
	below := p.first.place.calls[:0] // memory of a request before
	*p = pursuit{visit: v, need: need}
	p.first.place.calls = below
	p.running = p.one[:0]
	p.need.tokens.Called(v.sim.now)
	p.once()
}

// once is one pass.
func (p *pursuit) once() {
	p.pass++
	need := p.need
	var ok bool
	if p.permit, ok = need.circuit.Allow(p.visit.sim.now); !ok {
		p.finish(codes.Unavailable)
		return
	}
	if need.policy.Hedge == (policy.Hedge{}) {
		p.try()
		return
	}
	if after := need.hedgeAfter(); after >= 0 {
		p.armed = true
		pass := p.pass
		p.visit.sim.planStep(p.visit.sim.now+after, p.visit, func(*visit) {
			if p.armed && p.pass == pass {
				p.hedge()
			}
		})
	}
	p.try()
}

// hedgeAfter is when a second try starts; negative is never.
func (e *edge) hedgeAfter() time.Duration {
	if e.moving == nil {
		return e.policy.Hedge.After
	}
	return e.moving.after()
}

func (p *pursuit) try() {
	v, need := p.visit, p.need
	t := &p.first
	if p.tries > 0 {
		t = &try{}
	}
	t.pursuit, t.n, t.started, t.deadline = p, p.tries, v.sim.now, v.deadline
	if limit := need.policy.Timeout; limit > 0 {
		t.deadline = min(t.deadline, v.sim.now+limit)
	}
	if v.id >= 0 {
		need.tries++
	}
	p.tries++
	v.sim.tried++
	p.running = append(p.running, t)
	t.start()
}

// hedge starts a second try beside the first, which may have failed by now.
func (p *pursuit) hedge() {
	p.armed = false
	switch {
	case p.ended():
		p.passed(p.last)
	case p.need.tokens.Take(p.visit.sim.now):
		p.try()
	case len(p.running) == 0:
		p.passed(p.last)
	}
}

// ended reports whether nobody waits for the pursuit any more.
func (p *pursuit) ended() bool { return p.given || p.visit.sim.now >= p.visit.deadline }

// tried is told how a try has ended.
func (p *pursuit) tried(t *try, code codes.Code) {
	p.running = slices.DeleteFunc(p.running, func(o *try) bool { return o == t })
	if p.over || p.answered != nil {
		return
	}
	p.last = code
	switch {
	case code == codes.OK:
		p.succeeded(t)
	case p.armed:
		p.visit.late()
	case len(p.running) == 0:
		p.passed(code)
	}
}

func (p *pursuit) succeeded(t *try) {
	if p.need.moving != nil {
		p.need.moving.add(float64(p.visit.sim.now - t.started))
	}
	p.armed = false
	p.answered = t
	for _, loser := range slices.Clone(p.running) {
		loser.cancel()
	}
	p.passed(codes.OK)
}

// passed is the end of a pass: the breaker is told, and perhaps there is another.
func (p *pursuit) passed(code codes.Code) {
	need := p.need
	need.circuit.Record(p.permit, p.verdict(code), p.visit.sim.now)
	switch {
	case p.ended() && p.given:
		p.finish(codes.Canceled)
	case p.ended():
		p.finish(codes.DeadlineExceeded)
	case need.policy.Retry == 0 || !policy.WorthATry(code) || p.failures == need.policy.Retry:
		p.finish(code)
	default:
		p.failures++
		p.backOff()
	}
}

func (p *pursuit) verdict(code codes.Code) policy.Verdict {
	switch {
	case p.given:
		return policy.None
	case policy.WorthATry(code) || p.ended() && code != codes.OK:
		return policy.Failed
	}
	return policy.Succeeded
}

func (p *pursuit) backOff() {
	v := p.visit
	p.waiting = true
	end := v.sim.now + backoff(p.need.policy.Backoff, p.failures-1)
	if end >= v.deadline {
		v.sim.planStep(v.deadline, v, func(*visit) {
			if p.waiting {
				p.finish(codes.DeadlineExceeded)
			}
		})
		return
	}
	v.sim.planStep(end, v, func(*visit) {
		if p.waiting {
			p.again()
		}
	})
}

func (p *pursuit) again() {
	p.waiting = false
	if !p.need.tokens.Take(p.visit.sim.now) {
		p.finish(p.last)
		return
	}
	p.once()
}

// cancel gives up. Where a hedge is to come, the end comes no earlier.
func (p *pursuit) cancel() {
	if p.over || p.given {
		return
	}
	p.given = true
	if p.waiting {
		p.finish(codes.Canceled)
		return
	}
	for _, t := range slices.Clone(p.running) {
		t.cancel()
	}
}

// finish is the end; where all else failed, the fallback answers.
func (p *pursuit) finish(code codes.Code) {
	p.over, p.waiting = true, false
	if code == codes.OK {
		p.age = p.answered.age
	}
	if p.need.known != nil {
		code = p.fallBack(code)
	}
	p.visit.came(p, code)
}
