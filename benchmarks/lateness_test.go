package benchmarks

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"crosstalk/benchmarks/rig"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
)

// pacedFor is short, so that some slices are quiet on a machine that others use.
const pacedFor = 250 * time.Millisecond

// How late the driver sends constant arrivals, how evenly, and at what CPU, to a
// target that answers at once. Bare is the pacer alone, without a driver; timer is
// the driver with Go's own timers. The quietest slice is the one that others on the
// machine disturbed least.
func BenchmarkLateness(b *testing.B) {
	for _, rate := range []float64{1000, 5000} {
		b.Run(fmt.Sprintf("%.0f", rate), func(b *testing.B) {
			var ours, timers, bare pacing
			for b.Loop() {
				ours.add(paced(b, rate, load.Precise))
				timers.add(paced(b, rate, load.Timer))
				bare.add(pacedBare(b, rate))
			}
			b.ReportMetric(rig.Median(ours.p50), "p50-µs")
			b.ReportMetric(rig.Median(ours.p99), "p99-µs")
			b.ReportMetric(slices.Min(ours.p99), "p99-quietest-µs")
			b.ReportMetric(rig.Median(ours.spread), "gap-spread")
			b.ReportMetric(slices.Min(ours.spread), "gap-spread-quietest")
			b.ReportMetric(rig.Median(ours.cpu), "cores")
			b.ReportMetric(slices.Min(ours.cpu), "cores-quietest")
			b.ReportMetric(slices.Min(bare.p99), "bare-p99-quietest-µs")
			b.ReportMetric(slices.Min(bare.cpu), "bare-cores-quietest")
			b.ReportMetric(slices.Min(timers.p99), "timer-p99-quietest-µs")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// pacing is what several slices were like.
type pacing struct{ p50, p99, spread, cpu []float64 }

func (p *pacing) add(sent []time.Duration, rate float64, c rig.Cost) {
	slices.Sort(sent)
	var late, gaps []float64
	for i, at := range sent {
		due := time.Duration(float64(i) / rate * 1e9)
		late = append(late, float64(at-due)/1e3)
		if i > 0 {
			gaps = append(gaps, float64(at-sent[i-1]))
		}
	}
	slices.Sort(late)
	p.p50 = append(p.p50, late[len(late)/2])
	p.p99 = append(p.p99, late[len(late)*99/100])
	p.spread = append(p.spread, spreadOf(gaps))
	p.cpu = append(p.cpu, c.CPU.Seconds()/c.Wall.Seconds())
}

// spreadOf is the standard deviation as a share of the mean.
func spreadOf(values []float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / float64(len(values))
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares/float64(len(values))) / mean
}

func paced(b *testing.B, rate float64, pacer load.Pacer) ([]time.Duration, float64, rig.Cost) {
	target := load.Target{Query: func(context.Context, int64, record.Key) (load.Reply, error) { return load.Reply{}, nil }}
	recorder := result.NewRecorder(result.Options{})
	defer recorder.Close()
	var mu sync.Mutex
	var sent []time.Duration
	recorder.Observe(func(r result.Row) {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, r.Sent)
	})
	driver := load.NewDriver(load.Config{
		Plan:        schedule.Plan{Arrival: schedule.Constant, Rate: rate, Keys: 1, Duration: pacedFor},
		MaxInFlight: 1000, DrainLimit: time.Second, Pacer: pacer,
	}, target, load.NewOracle(nil, 0, time.Second), load.NewLag(nil, nil), recorder)
	cost := rig.Measure(func() int64 {
		if err := driver.Run(b.Context(), time.Now()); err != nil {
			b.Fatal(err)
		}
		return 0
	})
	return sent, rate, cost
}

func pacedBare(b *testing.B, rate float64) (sent []time.Duration, _ float64, _ rig.Cost) {
	cost := rig.Measure(func() int64 {
		begin := time.Now()
		for i := range int(rate * pacedFor.Seconds()) {
			if err := load.Precise(b.Context(), begin.Add(time.Duration(float64(i)/rate*1e9))); err != nil {
				b.Error(err)
			}
			sent = append(sent, time.Since(begin))
		}
		return 0
	})
	return sent, rate, cost
}
