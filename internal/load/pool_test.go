package load

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// numbers returns 0, 1, 2 and so on.
func numbers() func() int {
	n := -1
	return func() int {
		n++
		return n
	}
}

func TestPoolRunsAtMostLimitAtOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		done := make(chan int, 6)
		p := newPool(2, numbers(), func(n int) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second + time.Duration(n))
			now.Add(-1)
			done <- n // no two end at once: they differ by n nanoseconds
		})
		waited := 0
		for range 6 {
			if p.submit() {
				waited++
			}
		}
		begin := time.Now()
		p.wait()
		if took := time.Since(begin).Truncate(time.Millisecond); took != 3*time.Second {
			t.Errorf("6 operations of 1 s by 2 workers took %v", took)
		}
		if most.Load() != 2 || waited != 4 {
			t.Errorf("%d at once, %d waited; want 2 and 4", most.Load(), waited)
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
		p := newPool(100, numbers(), func(int) { time.Sleep(time.Millisecond) })
		for range 10 {
			if p.submit() {
				t.Error("an operation waits, and a worker is idle")
			}
			time.Sleep(2 * time.Millisecond)
		}
		if p.workers != 1 {
			t.Errorf("%d workers for operations that do not overlap", p.workers)
		}
		p.wait()
	})
}

func TestPoolDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		next := numbers()
		p := newPool(1, next, func(int) { time.Sleep(time.Second); ran.Add(1) })
		for range 5 {
			p.submit()
		}
		if dropped := p.drop(); dropped != 4 || next() != 1 {
			t.Errorf("dropped %d, want the 4 from number 1 on", dropped)
		}
		if p.wait(); ran.Load() != 1 {
			t.Errorf("%d ran, want the one under way", ran.Load())
		}
	})
}

// A million operations that wait take no more memory than one.
func TestPoolDoesNotGrow(t *testing.T) {
	release := make(chan struct{})
	p := newPool(1, numbers(), func(int) { <-release })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1_000_000 {
		p.submit()
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 100_000 {
		t.Errorf("%d bytes for operations that wait", grown)
	}
	p.drop()
	close(release)
	p.wait()
}
