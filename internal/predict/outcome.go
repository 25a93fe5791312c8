package predict

import (
	"math"
	"time"

	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
)

// outcome is how something ends, and when: with an answer, with a failure that is
// worth another try, or with one that is not. What is missing to 1 has no end of
// its own: it hangs until its caller gives up.
type outcome struct{ answered, again, never measure }

// calculus is the calculation with outcomes on one grid.
type calculus struct {
	*grid
	goOn going
	// timed tells that it matters when something fails, since it is tried again.
	timed bool
	known map[stretched]measure
}

func (g *graph) calculus(goOn going, horizon time.Duration, timed bool) *calculus {
	return &calculus{grid: newGrid(horizon, g.marks(horizon)), goOn: goOn, timed: timed, known: make(map[stretched]measure)}
}

// stretched is a distribution, by its text, and a factor.
type stretched struct {
	text   string
	factor float64
}

func (c *calculus) delay(f fault.Fault, factor float64) measure {
	key := stretched{f.Delay.String(), factor}
	m, ok := c.known[key]
	if !ok {
		m = c.of(f.Delay, factor)
		c.known[key] = m
	}
	return m
}

// at is when a failure happens; where that does not matter, all happen at once.
func (c *calculus) at(m measure) measure {
	if c.timed || len(m) <= 1 {
		return m
	}
	return now(m.total())
}

// sequence is a, and where that is answered, b.
func (c *calculus) sequence(a, b outcome) outcome {
	return outcome{
		c.then(a.answered, b.answered),
		a.again.plus(c.failing(a.answered, b.again)),
		a.never.plus(c.failing(a.answered, b.never)),
	}
}

func (c *calculus) failing(a, failure measure) measure {
	if len(failure) == 0 {
		return nil
	}
	return c.then(c.at(a), failure)
}

var atOnce = outcome{answered: now(1)}

// boundary is what the faults of a place do to an interaction: it hangs, or it is
// delayed and then perhaps aborted. Faults draw independently of each other, but
// what makes the work slow stretches the very delays that were drawn. Of two
// aborts, the first one counts.
func (c *calculus) boundary(faults fault.Faults) outcome {
	passes, factor := 1.0, 1.0
	for _, f := range faults {
		switch f.Kind {
		case fault.Hang:
			passes *= 1 - float64(f.Share)
		case fault.Slow:
			factor += f.Factor - 1
		}
	}
	work := now(passes)
	answered, again, never := 1.0, 0.0, 0.0
	for _, f := range faults {
		switch f.Kind {
		case fault.Delay:
			work = c.then(work, c.delay(f, factor))
		case fault.Abort:
			failed := 0.0
			for _, a := range f.Aborts {
				failed += float64(a.Rate)
				if p := answered * float64(a.Rate); policy.WorthATry(a.Code) {
					again += p
				} else {
					never += p
				}
			}
			answered *= max(1-failed, 0)
		}
	}
	failed := c.at(work)
	return outcome{work.scaled(answered), failing(failed, again), failing(failed, never)}
}

func failing(m measure, p float64) measure {
	if p == 0 {
		return nil
	}
	return m.scaled(p)
}

// parallel is all of parts at the same time: answered with the last answer, so by
// the product of the distribution functions, and failed with the first failure.
// Those of the parts are independent.
func (c *calculus) parallel(parts []outcome) outcome {
	if len(parts) == 1 {
		return parts[0]
	}
	var out outcome
	n, fails := 0, 0
	for _, p := range parts {
		n = max(n, len(p.answered))
		fails = max(fails, len(p.again), len(p.never))
	}
	out.answered = differences(product(n, parts, func(p outcome) measure { return p.answered }))
	out.again, out.never = first(fails, parts)
	return out
}

func product(n int, parts []outcome, of func(outcome) measure) measure {
	out := make(measure, n)
	for i := range out {
		out[i] = 1
	}
	for _, p := range parts {
		sum, m := 0.0, of(p)
		for i := range out {
			if i < len(m) {
				sum += m[i]
			}
			out[i] *= sum
		}
	}
	return out
}

func differences(m measure) measure {
	for i := len(m) - 1; i > 0; i-- {
		m[i] = max(m[i]-m[i-1], 0)
	}
	return m
}

// first is when the first of parts fails, and how: 1 − Π(1 − Fᵢ). Within a step,
// the kinds share it as they are probable.
func first(n int, parts []outcome) (again, never measure) {
	if n == 0 {
		return nil, nil
	}
	none, a, b := survival(n, parts), make(measure, n), make(measure, n)
	for _, p := range parts {
		for i, q := range p.again {
			a[i] += q
		}
		for i, q := range p.never {
			b[i] += q
		}
	}
	before := 1.0
	for i, after := range none {
		if sum := a[i] + b[i]; sum > 0 {
			p := max(before-after, 0)
			a[i], b[i] = p*a[i]/sum, p*b[i]/sum
		}
		before = after
	}
	return trim(a), trim(b)
}

// survival is how probable it is that none of parts has failed by each step.
func survival(n int, parts []outcome) measure {
	out := make(measure, n)
	for i := range out {
		out[i] = 1
	}
	for _, p := range parts {
		left := 1.0
		for i := range out {
			if i < len(p.again) {
				left -= p.again[i]
			}
			if i < len(p.never) {
				left -= p.never[i]
			}
			out[i] *= max(left, 0)
		}
	}
	return out
}

// within is o with a limit: what takes that long or longer has failed by then,
// and is worth another try.
func (c *calculus) within(o outcome, limit time.Duration) outcome {
	end := c.index(limit)
	if limit == 0 || end >= c.n {
		return o
	}
	out := outcome{o.answered.below(end), o.again.below(end), o.never.below(end)}
	late := make(measure, end+1)
	late[end] = max(1-out.answered.total()-out.again.total()-out.never.total(), 0)
	out.again = out.again.plus(c.at(late))
	return out
}

// negligible is a probability that changes no figure.
const negligible = 1e-13

// tried is a call by its policy: its timeout, and its retries with their waits.
// starts is when each of the tries starts.
func (c *calculus) tried(try outcome, p policy.Policy) (all outcome, starts []measure) {
	try = c.within(try, p.Timeout)
	start := now(1)
	for n := 0; ; n++ {
		starts = append(starts, start)
		all.answered = all.answered.plus(c.then(start, try.answered))
		all.never = all.never.plus(c.failing(start, try.never))
		failed := c.failing(start, try.again)
		if n == p.Retry || failed.total() < negligible {
			all.again = failed
			return all, starts
		}
		start = c.then(failed, c.wait(backoff(p.Backoff, n)))
	}
}

// wait is a certain time.
func (c *calculus) wait(d time.Duration) measure {
	m := make(measure, c.index(d)+2)
	c.add(m, float64(d), 1)
	return trim(m)
}

// backoff is the wait after the n-th failure, from 0.
func backoff(b policy.Backoff, n int) time.Duration {
	return time.Duration(math.Min(float64(b.From)*math.Pow(2, float64(n)), float64(b.UpTo)))
}
