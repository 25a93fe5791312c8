package scenarios_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Goodput beyond saturation: D does 100 queries a second, one after the other. Where
// it sheds what is beyond a short queue, it goes on doing so whatever is asked of it.
// Where it lets all of it wait, the queue grows until it is as long as its callers'
// patience, a second, and D works for those alone who are about to give up.
func TestGoodputBeyondSaturation(t *testing.T) {
	for _, c := range []struct {
		workers string
		rate    int
		want    int64
	}{
		{"D=1,queue=8", 90, 90},
		{"D=1,queue=8", 200, 100}, {"D=1,queue=8", 400, 100},
		{"D=1,queue=100000", 400, 0},
	} {
		each(t, []string{"latency", "none,D=10ms", "workers", c.workers}, func(b *bubble, _ string) {
			if got := b.goodput(c.rate, 3*time.Second); got != c.want {
				b.Errorf("%s: of %d/s, %d/s succeed, want %d/s", c.workers, c.rate, got, c.want)
			}
		})
	}
}

// goodput asks at a constant rate for a while, and returns the successes in its last
// second.
func (b *bubble) goodput(rate int, length time.Duration) int64 {
	begin := time.Now()
	var good atomic.Int64
	var asking sync.WaitGroup
	gap := time.Second / time.Duration(rate)
	for n := range int64(length / gap) {
		asking.Go(func() {
			time.Sleep(time.Duration(n)*gap + time.Nanosecond) // no tie with what D does
			_, _, err := b.ask(n, 1)
			if ended := time.Since(begin); err == nil && length-time.Second < ended && ended <= length {
				good.Add(1)
			}
		})
	}
	asking.Wait()
	return good.Load()
}
