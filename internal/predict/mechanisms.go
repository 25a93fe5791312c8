package predict

import (
	"math"
	"time"

	"crosstalk/internal/policy"
)

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
