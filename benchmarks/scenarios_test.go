package benchmarks

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"crosstalk/benchmarks/rig"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/internal/setting"
	"crosstalk/internal/store"
	"crosstalk/scenarios"
)

// quiet is an experiment without faults, delays or writes, on databases in memory:
// what is left is what the wiring costs.
func quiet(b *testing.B, rate float64, d time.Duration) *experiment.Experiment {
	b.Helper()
	e := rig.Load(rate, 0, d)
	for name, setting := range map[string]interface{ UnmarshalText([]byte) error }{
		"none": &e.Latency, string(store.Memory): &e.Store,
	} {
		if err := setting.UnmarshalText([]byte(name)); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

// serveD starts a scenario's services in this process, and returns a caller of D.
func serveD(b *testing.B, scenario string) *rig.Bare {
	b.Helper()
	s, _ := scenarios.ByName(scenario)
	topology, err := scenarios.Start(b.Context(), s, quiet(b, 0, 0), scenarios.World{Env: env(), Dir: b.TempDir(), Prefix: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { topology.Close() })
	return dialBare(b, topology.Env.Address("D"))
}

// What a query of D costs over the bus against direct calls, and against queries over
// the bus that are written by hand, by a bare closed loop: at a rate, what waits goes
// together and costs less, the more so the slower the machine.
func BenchmarkRequestReply(b *testing.B) {
	minimal, err := rig.StartBusFanOut()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(minimal.Close)
	direct, bus, byHand := serveD(b, "sync"), serveD(b, "async-request"), dialBare(b, minimal.Address)
	for _, workers := range []int{1, 4, 16} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			var p50, cpu, handP50, handCPU, floor, allocs rig.Ratios
			for b.Loop() {
				our, ourP50 := loop(b, bus, workers)
				their, theirP50 := loop(b, direct, workers)
				hand, handsP50 := loop(b, byHand, workers)
				p50.Add(ourP50, theirP50)
				cpu.Add(our.CPUPerOp(), their.CPUPerOp())
				handP50.Add(ourP50, handsP50)
				floor.Add(handsP50, theirP50)
				handCPU.Add(our.CPUPerOp(), hand.CPUPerOp())
				allocs.Add(our.AllocsPerOp(), hand.AllocsPerOp())
			}
			b.ReportMetric(p50.Median(), "request/sync-p50")
			b.ReportMetric(cpu.Median(), "request/sync-cpu")
			b.ReportMetric(handP50.Median(), "request/by-hand-p50")
			b.ReportMetric(handCPU.Median(), "request/by-hand-cpu")
			b.ReportMetric(floor.Median(), "by-hand/sync-p50")
			b.ReportMetric(p50.Ours()/1e3, "request-p50-µs")
			b.ReportMetric(p50.Theirs()/1e3, "sync-p50-µs")
			b.ReportMetric(handP50.Theirs()/1e3, "by-hand-p50-µs")
			b.ReportMetric(cpu.Ours()/1e3, "request-µs/req")
			b.ReportMetric(cpu.Theirs()/1e3, "sync-µs/req")
			b.ReportMetric(handCPU.Theirs()/1e3, "by-hand-µs/req")
			b.ReportMetric(allocs.Ours(), "request-allocs/req")
			b.ReportMetric(allocs.Theirs(), "by-hand-allocs/req")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// D's fan-out in sync against one written by hand, at 16 and 64 requests at once, by
// the same bare loop; all services in this process.
func BenchmarkFanOut(b *testing.B) {
	minimal, err := rig.StartFanOut()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(minimal.Close)
	ours, theirs := serveD(b, "sync"), dialBare(b, minimal.Address)
	for _, workers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			var cpu, p50, allocs rig.Ratios
			for b.Loop() {
				our, ourP50 := loop(b, ours, workers)
				their, theirP50 := loop(b, theirs, workers)
				cpu.Add(our.CPUPerOp(), their.CPUPerOp())
				allocs.Add(our.AllocsPerOp(), their.AllocsPerOp())
				p50.Add(ourP50, theirP50)
			}
			b.ReportMetric(cpu.Median(), "cpu-ratio")
			b.ReportMetric(p50.Median(), "p50-ratio")
			b.ReportMetric(cpu.Ours()/1e3, "sync-µs/req")
			b.ReportMetric(cpu.Theirs()/1e3, "minimal-µs/req")
			b.ReportMetric(allocs.Ours(), "sync-allocs/req")
			b.ReportMetric(allocs.Theirs(), "minimal-allocs/req")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// loop calls for a slice, and returns its cost and the median of the calls.
func loop(b *testing.B, bare *rig.Bare, workers int) (rig.Cost, float64) {
	var mu sync.Mutex
	var took []time.Duration
	cost := rig.Measure(func() int64 {
		n, err := rig.Loop(workers, slice, func(n int64) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			begin := time.Now()
			if err := bare.Query(ctx, uint64(n)%rig.Keys); err != nil {
				return err
			}
			if n%8 == 0 {
				mu.Lock()
				took = append(took, time.Since(begin))
				mu.Unlock()
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		return n
	})
	slices.Sort(took)
	return cost, float64(took[len(took)/2])
}

// The scenarios against each other at a rate, without faults: async-request against
// sync and against one written by hand, and async-replicated against a call of a server
// that reads nothing.
func BenchmarkScenarios(b *testing.B) {
	echo := startEcho(b)
	minimal, err := rig.StartBusFanOut()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(minimal.Close)
	bare, byHand := dialEntry(b, echo.Address), dialEntry(b, minimal.Address)
	for _, rate := range []float64{500, 2000} {
		b.Run(fmt.Sprintf("%.0f", rate), func(b *testing.B) {
			var requestP50, requestCPU, handP50, floor, replicatedP50 rig.Ratios
			for b.Loop() {
				sync := carryOut(b, "sync", rate)
				request := carryOut(b, "async-request", rate)
				replicated := carryOut(b, "async-replicated", rate)
				call, hand := drive(b, bare, rate, 0, slice), drive(b, byHand, rate, 0, slice)
				requestP50.Add(request.Latency.P50, sync.Latency.P50)
				requestCPU.Add(request.CPUSecondsPer1000, sync.CPUSecondsPer1000)
				handP50.Add(request.Latency.P50, hand.Latency.P50)
				floor.Add(hand.Latency.P50, sync.Latency.P50)
				replicatedP50.Add(replicated.Latency.P50, call.Latency.P50)
			}
			b.ReportMetric(requestP50.Median(), "request/sync-p50")
			b.ReportMetric(requestCPU.Median(), "request/sync-cpu")
			b.ReportMetric(handP50.Median(), "request/by-hand-p50")
			b.ReportMetric(floor.Median(), "by-hand/sync-p50")
			b.ReportMetric(replicatedP50.Median(), "replicated/call-p50")
			b.ReportMetric(requestP50.Theirs()*1e6, "sync-p50-µs")
			b.ReportMetric(requestP50.Ours()*1e6, "request-p50-µs")
			b.ReportMetric(replicatedP50.Ours()*1e6, "replicated-p50-µs")
			b.ReportMetric(replicatedP50.Theirs()*1e6, "call-p50-µs")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func carryOut(b *testing.B, scenario string, rate float64) *result.Run {
	b.Helper()
	s, _ := scenarios.ByName(scenario)
	e := quiet(b, rate, 2*time.Second)
	e.WarmUp = setting.Duration(300 * time.Millisecond)
	run, err := runner.Run(b.Context(), s, e, b.TempDir(), runner.Options{Env: env(), Pacer: load.Precise})
	if err != nil {
		b.Fatal(err)
	}
	return run
}
