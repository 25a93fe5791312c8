package benchmarks

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"crosstalk/benchmarks/rig"
	"crosstalk/fakesvc"
	"crosstalk/internal/arrival"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/internal/sys"
)

func TestMain(m *testing.M) {
	rig.AsChild()
	sys.KeepHeadroom() // as bench does
	os.Exit(m.Run())
}

// slice is how long one side runs before the other one's turn.
const slice = 1000 * time.Millisecond

func startEcho(b *testing.B) *rig.Echo {
	b.Helper()
	echo, err := rig.StartEcho()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := echo.Close(); err != nil {
			b.Error(err)
		}
	})
	return echo
}

func env() fakesvc.Env {
	return fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext, Timeout: time.Second}
}

func dialEntry(b *testing.B, address string) *fakesvc.Client {
	b.Helper()
	client, err := fakesvc.Dial(env(), "D", address, arrival.DialOptions(env().Dial)...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	if err := client.Connected(b.Context()); err != nil {
		b.Fatal(err)
	}
	return client
}

func dialBare(b *testing.B, address string) *rig.Bare {
	b.Helper()
	bare, err := rig.DialBare(address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { bare.Close() })
	return bare
}

func drive(b *testing.B, entry *fakesvc.Client, rate float64, concurrency int, d time.Duration) *result.Run {
	b.Helper()
	run, err := runner.Drive(b.Context(), rig.Load(rate, concurrency, d), entry, runner.Options{Env: env(), Pacer: load.Precise})
	if err != nil {
		b.Fatal(err)
	}
	return run
}

// The driver, with all that run does for a request, against a loop that only calls:
// the same server, the same answers, one connection each. The second loop sends the
// same request as the driver does, with a deadline.
func BenchmarkDriverClosedLoop(b *testing.B) {
	echo := startEcho(b)
	entry, bare := dialEntry(b, echo.Address), dialBare(b, echo.Address)
	loop := func(call func(key uint64) error) rig.Cost {
		return rig.Measure(func() int64 {
			n, err := rig.Loop(64, slice, func(n int64) error { return call(uint64(n) % rig.Keys) })
			if err != nil {
				b.Fatal(err)
			}
			return n
		})
	}
	var cpu, allocs, sameCPU, sameAllocs rig.Ratios
	for b.Loop() {
		ours := rig.Measure(func() int64 { return drive(b, entry, 0, 64, slice).Requests.Sent })
		theirs := loop(func(key uint64) error { return bare.Query(context.Background(), key) })
		same := loop(func(key uint64) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return bare.Query(ctx, key)
		})
		cpu.Add(ours.CPUPerOp(), theirs.CPUPerOp())
		sameCPU.Add(ours.CPUPerOp(), same.CPUPerOp())
		allocs.Add(ours.AllocsPerOp(), theirs.AllocsPerOp())
		sameAllocs.Add(ours.AllocsPerOp(), same.AllocsPerOp())
	}
	b.ReportMetric(cpu.Median(), "cpu-ratio")
	b.ReportMetric(sameCPU.Median(), "cpu-ratio-same-request")
	b.ReportMetric(cpu.Ours()/1e3, "driver-µs/req")
	b.ReportMetric(cpu.Theirs()/1e3, "bare-µs/req")
	b.ReportMetric(allocs.Ours(), "driver-allocs/req")
	b.ReportMetric(allocs.Theirs(), "bare-allocs/req")
	b.ReportMetric(sameAllocs.Median(), "allocs-ratio-same-request")
	b.ReportMetric(0, "ns/op") // the length of three slices says nothing
}
