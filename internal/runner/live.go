package runner

import (
	"math/bits"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

// live is what the progress shows of a run so far. Its percentiles are good to an
// eighth of their value, so that nothing is locked for them; the run's are not
// taken from here.
type live struct {
	latency [64 * steps]atomic.Int64
	oldest  atomic.Int64
}

// steps is how many buckets there are between a power of two and the next.
const steps = 8

func bucketOf(d time.Duration) int {
	n := uint64(max(d, 1))
	power := bits.Len64(n) - 1
	below := power - 3 // three bits more tell the step
	if below < 0 {
		return int(n)
	}
	return power*steps + int(n>>below)%steps
}

// topOf is the largest value that a bucket holds.
func topOf(bucket int) time.Duration {
	power := bucket / steps
	if power < 3 {
		return time.Duration(bucket)
	}
	return time.Duration((uint64(bucket%steps)+steps+1)<<(power-3)) - 1
}

func (l *live) add(r result.Row) {
	if r.Due < 0 || r.Code != codes.OK {
		return
	}
	l.latency[bucketOf(r.Done-r.Due)].Add(1)
	for age := int64(r.Staleness); ; {
		oldest := l.oldest.Load()
		if age <= oldest || l.oldest.CompareAndSwap(oldest, age) {
			return
		}
	}
}

// quantile returns the latency that a share q of the successes does not exceed.
func (l *live) quantile(q float64) time.Duration {
	var all int64
	for i := range l.latency {
		all += l.latency[i].Load()
	}
	rank := stats.Rank(q, all)
	var seen int64
	for i := range l.latency {
		if seen += l.latency[i].Load(); seen >= rank {
			return topOf(i)
		}
	}
	return 0
}
