package benchmarks

import (
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"crosstalk/benchmarks/rig"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/clock"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
)

// frozen answers after 5 ms, but not between two moments, and knows when it has
// answered which request.
type frozen struct {
	fakesvcpb.UnimplementedServiceServer
	from, until time.Time
	mu          sync.Mutex
	answered    map[int64]time.Time
}

func (f *frozen) Query(ctx context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	if err := clock.Precise(ctx, 5*time.Millisecond); err != nil {
		return nil, err
	}
	if now := time.Now(); now.After(f.from) && now.Before(f.until) {
		if err := clock.Precise(ctx, time.Until(f.until)); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	f.answered[q.GetRequest()] = time.Now()
	f.mu.Unlock()
	return &fakesvcpb.QueryResponse{Records: rig.Records(record.Key(q.GetKey()), rig.Services...)}, nil
}

// The percentiles of a run in which the server freezes for 500 ms, against the truth:
// from the moment at which each request was due, by the schedule, to the one at
// which the server had answered it.
func BenchmarkFreeze(b *testing.B) {
	for _, rate := range []float64{200, 1000, 2000} {
		b.Run(fmt.Sprintf("%.0f", rate), func(b *testing.B) {
			var p99, p999, off99, off999 []float64
			for b.Loop() {
				got, truth := freeze(b, rate)
				p99 = append(p99, got.P99/quantile(truth, 0.99))
				p999 = append(p999, got.P999/quantile(truth, 0.999))
				off99 = append(off99, math.Abs(p99[len(p99)-1]-1))
				off999 = append(off999, math.Abs(p999[len(p999)-1]-1))
			}
			b.ReportMetric(rig.Median(p99), "p99-ratio")
			b.ReportMetric(rig.Median(p999), "p99.9-ratio")
			b.ReportMetric(slices.Max(off99)*100, "p99-worst-%off")
			b.ReportMetric(slices.Max(off999)*100, "p99.9-worst-%off")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func freeze(b *testing.B, rate float64) (result.Quantiles, []float64) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	f := &frozen{answered: make(map[int64]time.Time)}
	f.from = time.Now().Add(2 * time.Second)
	f.until = f.from.Add(500 * time.Millisecond)
	server := grpc.NewServer()
	fakesvcpb.RegisterServiceServer(server, f)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	entry := dialEntry(b, listener.Addr().String())
	due := make(map[int64]time.Duration)
	var mu sync.Mutex
	run, err := runner.Drive(b.Context(), rig.Load(rate, 0, 5*time.Second), entry, runner.Options{
		Env: env(), Pacer: load.Precise,
		Observe: func(r result.Row) {
			mu.Lock()
			defer mu.Unlock()
			due[r.ID] = r.Due
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	var truth []float64
	for id, at := range due {
		truth = append(truth, f.answered[id].Sub(run.Started.Add(at)).Seconds())
	}
	slices.Sort(truth)
	return run.Latency, truth
}

// quantile is the nearest rank.
func quantile(sorted []float64, q float64) float64 {
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}
