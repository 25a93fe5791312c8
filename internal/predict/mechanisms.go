package predict

import (
	"math"
	"time"

	"crosstalk/internal/policy"
)

// breaker is failsafe-go's circuit breaker, counting: it opens when enough of the
// last calls failed, lets one through after a while, and that one decides.
// A nil one allows everything.
type breaker struct {
	policy.Breaker
	failures []bool // a ring of the last calls
	calls    int
	failed   int
	state    breakerState
	opened   time.Duration
	permits  int
}

type breakerState int

const (
	closed breakerState = iota
	open
	halfOpen
)

func newBreaker(b policy.Breaker) *breaker {
	if b.Count == 0 {
		return nil
	}
	return &breaker{Breaker: b, failures: make([]bool, b.Count)}
}

func (b *breaker) allows(now time.Duration) bool {
	if b == nil || b.state == closed {
		return true
	}
	if b.state == open {
		if now-b.opened < b.Open {
			return false
		}
		b.state, b.permits = halfOpen, 1
	}
	if b.permits == 0 {
		return false
	}
	b.permits--
	return true
}

func (b *breaker) record(failed bool, now time.Duration) {
	switch {
	case b == nil || b.state == open:
	case b.state == halfOpen && failed:
		b.state, b.opened = open, now
	case b.state == halfOpen:
		b.state, b.calls, b.failed = closed, 0, 0
	default:
		b.count(failed)
		if b.failed >= b.Failures() {
			b.state, b.opened = open, now
		}
	}
}

func (b *breaker) count(failed bool) {
	i := b.calls % b.Count
	if b.calls >= b.Count && b.failures[i] {
		b.failed--
	}
	b.failures[i] = failed
	if failed {
		b.failed++
	}
	b.calls++
}

// budget is failsafe-go's: retries and hedges under way, as a share of all that
// is under way. One of them is always allowed; a nil budget allows all.
type budget struct {
	most     float64
	all      int
	budgeted int
}

func newBudget(p policy.Policy) *budget {
	if p.Budget == 0 {
		return nil
	}
	return &budget{most: float64(p.Budget)}
}

func (b *budget) enter() {
	if b != nil {
		b.all++
	}
}

func (b *budget) leave() {
	if b != nil {
		b.all--
	}
}

func (b *budget) acquire() bool {
	if b == nil {
		return true
	}
	if b.budgeted >= 1 && float64(b.budgeted)/float64(b.all) > b.most {
		return false
	}
	b.budgeted++
	b.all++
	return true
}

func (b *budget) release() {
	if b != nil {
		b.budgeted--
		b.all--
	}
}

// movingQuantile is failsafe-go's estimate of a quantile of what the successful
// tries take (M. Jambon, "Moving percentile"), step by step the same.
type movingQuantile struct {
	quantile       float64
	count          int
	value          float64
	mean, variance float64
}

// hedgeStep is how far the quantile moves at a time, of the standard deviation: it
// is failsafe-go's.
const hedgeStep = 0.01

func newMovingQuantile(h policy.Hedge) *movingQuantile {
	if h.Quantile == 0 {
		return nil
	}
	return &movingQuantile{quantile: h.Quantile}
}

func (q *movingQuantile) after() time.Duration {
	if q.count < policy.HedgeFrom {
		return -1
	}
	return time.Duration(q.value)
}

func (q *movingQuantile) add(sample float64) {
	if q.count++; q.count == 1 {
		q.value, q.mean = sample, sample
		return
	}
	const alpha = 2 / (float64(policy.HedgeWindow) + 1)
	old := q.mean
	q.mean = q.mean*(1-alpha) + sample*alpha
	q.variance = q.variance*(1-alpha) + (sample-old)*(sample-q.mean)*alpha
	switch step := math.Sqrt(q.variance) * hedgeStep; {
	case sample < q.value:
		q.value -= step / q.quantile
	case sample > q.value:
		q.value += step / (1 - q.quantile)
	}
}
