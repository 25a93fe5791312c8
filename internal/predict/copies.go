package predict

import (
	"math"
	"slices"
	"time"

	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
	"crosstalk/internal/theory"
)

// staleness predicts what copies are worth. The changes of an owner come as a
// Poisson stream of rate λ, pass its boundary side by side, in times X with the
// distribution function F, and leave in the order in which they came. So the age V
// of the oldest change that has not passed is at most v if none of those before
// has not:
//
//	P(V ≤ v) = exp(−λ ∫ᵥ^∞ (1 − F(u)) du)
//
// since changes that are under way since before v are a thinned Poisson stream, as
// in M/G/∞ (L. Takács, Introduction to the Theory of Queues, 1962, ch. 3; Wolff's
// PASTA lets a change and a request see the same). The lag L of a change is its
// own X or what is left to those before it, whichever is longer:
//
//	P(L ≤ t) = F(t) exp(−λ ∫ₜ^∞ (1 − F(u)) du)
//
// An answer for one of K keys is stale, since more than a, if the oldest change
// that has not passed is of that key (1/K) or one of that key came after it, and
// before a:
//
//	P(age > a) = ∫ₐ^∞ 1 − (1 − 1/K) exp(−(v − a) λ/K) dP(V ≤ v)
//
// For rare changes that is 1 − exp(−E[L] λ/K), the M/G/∞ of a key's own changes
// with the lag for its service time; but lags are not independent, and under a
// long tail of X that would be too much. Owners are independent of each other.
func (g *graph) staleness(goOn going, p *theory.Prediction) {
	rate := g.Plan().WriteRate / float64(len(g.Owners()))
	var behind []backlog
	var lags []backlog
	for _, s := range g.services {
		for _, n := range s.needs {
			if n.link != copied || rate == 0 {
				continue
			}
			if !goOn() {
				return
			}
			b := g.backlog(goOn, n.service, rate)
			lags = append(lags, b)
			if s == g.entry {
				behind = append(behind, b)
			}
		}
	}
	if len(lags) == 0 {
		return
	}
	p.ReplicationLag = mixture(lags)
	p.StaleShare, p.Staleness = g.age(behind)
}

// backlog is an owner's changes on their way.
type backlog struct {
	*grid
	rate   float64 // λ, per step
	passed measure // F
	left   measure // λ ∫ₜ^∞ (1 − F)
}

// backlog is on a grid that is as long as its changes take.
func (g *graph) backlog(goOn going, owner *service, rate float64) backlog {
	for horizon := g.timeout; ; horizon *= 2 {
		c := g.calculus(goOn, horizon, true)
		passing, started := c.published(owner.faults, g.timeout)
		late := 1 - passing.total()
		if late > 1e-9 && started && horizon < 128*g.timeout {
			continue
		}
		return newBacklog(c.grid, passing, rate)
	}
}

// published is when a change has passed its owner's boundary, however many
// attempts that takes. It tells whether a longer horizon would show more.
func (c *calculus) published(faults fault.Faults, timeout time.Duration) (measure, bool) {
	try := c.within(c.boundary(faults), timeout)
	failed := try.again.plus(try.never)
	var passed measure
	start := now(1)
	for wait := clock.RepublishFrom; start.total() > negligible && c.goOn(); wait = min(2*wait, clock.RepublishUpTo) {
		passed = passed.plus(c.then(start, try.answered))
		start = c.then(c.then(start, failed), c.wait(wait))
	}
	return passed, try.answered.total() > 0
}

func newBacklog(grid *grid, passing measure, rate float64) backlog {
	b := backlog{grid: grid, rate: rate * grid.step / 1e9, passed: make(measure, grid.n), left: make(measure, grid.n+1)}
	sum := 0.0
	for i := range b.passed {
		if i < len(passing) {
			sum += passing[i]
		}
		b.passed[i] = min(sum, 1)
	}
	// What is not there at the horizon counts as passed then.
	for i, f := range slices.Backward(b.passed) {
		b.left[i] = b.left[i+1] + b.rate*(1-f)
	}
	return b
}

// lag is the distribution of L.
func (b backlog) lag() measure {
	out := make(measure, b.n)
	for i := range out {
		out[i] = b.passed[i] * math.Exp(-b.left[i])
	}
	return differences(out)
}

// mixture summarises the lags of several copies, all of them as frequent.
func mixture(of []backlog) *theory.Quantiles {
	finest := of[0]
	for _, b := range of {
		if b.step*float64(b.n) > finest.step*float64(finest.n) {
			finest = b
		}
	}
	sum := make(measure, finest.n)
	for _, b := range of {
		for i, p := range b.lag() {
			finest.add(sum, float64(i)*b.step, p/float64(len(of)))
		}
	}
	return finest.quantiles(sum)
}

// older returns P(age > a) at each step a, of one owner's record for a key.
func (b backlog) older(keys float64) measure {
	out := make(measure, b.n)
	shrink := math.Exp(-b.rate / keys)
	tail, fresh := 0.0, 0.0 // ∫ dP(V), ∫ exp(−(v − a) λ/K) dP(V), both above a
	for i := range slices.Backward(out) {
		if i+1 < b.n {
			mass := math.Exp(-b.left[i+1]) - math.Exp(-b.left[i])
			tail += mass
			fresh = fresh*shrink + mass*math.Sqrt(shrink) // half a step before its end
		}
		out[i] = tail - (1-1/keys)*fresh
	}
	return out
}

// age is the share of the answers that are stale, and the age of the oldest part
// of those.
func (g *graph) age(behind []backlog) (share float64, ages *theory.Quantiles) {
	if len(behind) == 0 {
		return 0, ages
	}
	longest := behind[0]
	for _, b := range behind {
		if b.step*float64(b.n) > longest.step*float64(longest.n) {
			longest = b
		}
	}
	younger := make(measure, longest.n) // P(age ≤ a)
	for i := range younger {
		younger[i] = 1
	}
	for _, b := range behind {
		older := b.older(float64(g.Keys))
		for i := range younger {
			if at := int(float64(i) * longest.step / b.step); at < len(older) {
				younger[i] *= 1 - older[at]
			}
		}
	}
	share = 1 - younger[0]
	ages = longest.quantiles(append(measure{0}, differences(younger)[1:]...))
	return share, ages
}
