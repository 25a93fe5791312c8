package load

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPoolRunsAtMostLimitAtOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		done := make(chan int, 6)
		p := newPool(2, func(n int) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second + time.Duration(n))
			now.Add(-1)
			done <- n // no two end at once: they differ by n nanoseconds
		})
		for n := range 6 {
			p.submit(n)
		}
		begin := time.Now()
		p.wait()
		if took := time.Since(begin).Truncate(time.Millisecond); took != 3*time.Second {
			t.Errorf("6 operations of 1 s by 2 workers took %v", took)
		}
		if most.Load() != 2 || p.hadToWait() != 4 {
			t.Errorf("%d at once, %d waited; want 2 and 4", most.Load(), p.hadToWait())
		}
		for want := range 6 {
			if n := <-done; n != want {
				t.Errorf("operation %d was done as number %d", n, want)
			}
		}
	})
}

func TestPoolReusesIdleWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(100, func(int) { time.Sleep(time.Millisecond) })
		for n := range 10 {
			p.submit(n)
			time.Sleep(2 * time.Millisecond)
		}
		if p.workers != 1 || p.hadToWait() != 0 {
			t.Errorf("%d workers for operations that do not overlap, %d waited", p.workers, p.hadToWait())
		}
		p.wait()
	})
}

func TestPoolDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		p := newPool(1, func(int) { time.Sleep(time.Second); ran.Add(1) })
		for n := range 5 {
			p.submit(n)
		}
		if dropped := p.drop(); dropped != 4 {
			t.Errorf("dropped %d, want 4", dropped)
		}
		if p.wait(); ran.Load() != 1 {
			t.Errorf("%d ran, want the one under way", ran.Load())
		}
	})
}
