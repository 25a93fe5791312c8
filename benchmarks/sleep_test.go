package benchmarks

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"crosstalk/benchmarks/rig"
	"crosstalk/internal/clock"
)

// How far an injected delay overshoots, with one and with 50 sleepers, at the
// median: by the kernel's timer and, beside it, by Go's.
func BenchmarkSleepOvershoot(b *testing.B) {
	for _, d := range []time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		for _, sleepers := range []int{1, 50} {
			b.Run(fmt.Sprintf("%v/%d", d, sleepers), func(b *testing.B) {
				var precise, timer []float64
				for b.Loop() {
					precise = append(precise, overshoot(b, clock.Precise, d, sleepers))
					timer = append(timer, overshoot(b, clock.Sleep, d, sleepers))
				}
				b.ReportMetric(rig.Median(precise), "p50-µs")
				b.ReportMetric(rig.Median(timer), "timer-p50-µs")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func overshoot(b *testing.B, sleep clock.Sleeper, d time.Duration, sleepers int) float64 {
	const each = 20
	var mu sync.Mutex
	var late []time.Duration
	var sleeping sync.WaitGroup
	for i := range sleepers {
		sleeping.Go(func() {
			time.Sleep(time.Duration(i) * d / time.Duration(sleepers)) // not all at once
			for range each {
				begin := time.Now()
				if err := sleep(b.Context(), d); err != nil {
					b.Error(err)
				}
				over := time.Since(begin) - d
				mu.Lock()
				late = append(late, over)
				mu.Unlock()
			}
		})
	}
	sleeping.Wait()
	slices.Sort(late)
	return float64(late[len(late)/2]) / 1e3
}
