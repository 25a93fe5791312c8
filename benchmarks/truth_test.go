package benchmarks

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"crosstalk/benchmarks/rig"
	"crosstalk/fakesvc"
	"crosstalk/internal/arrival"
	"crosstalk/internal/doctor"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/internal/setting"
)

// truthLasts is how long the load of each run of BenchmarkTruth lasts.
const truthLasts = 6 * time.Second

// The percentiles of a run against the truth in a server that freezes for 137, 420 and
// 911 ms at moments that a seed draws, and takes 5 ms, or 40 ms for one in twenty: from
// the moment at which each request was due to the one at which the server wrote its
// answer to its socket. Each percentile is within 2 %, or the run is INVALID: what is neither is
// reported as broken, and none should be. A rate of 0 is a closed loop of 16. The server
// is a process of its own, or in this one. TRUTH_SEED is the first run's seed.
func BenchmarkTruth(b *testing.B) {
	seed, err := strconv.ParseUint(os.Getenv("TRUTH_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	var machine doctor.Brief
	for _, place := range []string{"process", "inprocess"} {
		for _, rate := range []float64{0, 200, 1000, 2000, 3000, 5000} {
			b.Run(fmt.Sprintf("%s/%.0f", place, rate), func(b *testing.B) {
				var all truths
				for b.Loop() {
					b.Logf("seed %d", seed)
					all = append(all, truth(b, place, rate, seed, &machine))
					seed++
				}
				all.report(b)
			})
		}
	}
}

// compared are the percentiles that are held against the truth.
var compared = []float64{0.5, 0.9, 0.99, 0.999}

// trial is one run beside its truth. Off is by which share each percentile is too high.
type trial struct {
	off     []float64
	invalid bool
	// p99, in seconds: within the server once it had the answer, from there to the
	// driver's machine, and of the driver.
	within, wire, handling float64
}

type truths []trial

func (all truths) report(b *testing.B) {
	var within, wire, handling []float64
	broken, invalid := 0.0, 0.0
	for _, t := range all {
		within, wire, handling = append(within, t.within*1e3), append(wire, t.wire*1e3), append(handling, t.handling*1e3)
		if t.invalid {
			invalid++
		} else if slices.ContainsFunc(t.off, func(off float64) bool { return math.Abs(off) > 0.02 }) {
			broken++
		}
	}
	for i, q := range compared {
		var off []float64
		for _, t := range all {
			off = append(off, t.off[i]*100)
		}
		b.ReportMetric(rig.Median(off), fmt.Sprintf("p%g-%%off", q*100))
	}
	b.ReportMetric(rig.Median(handling), "handling-p99-ms")
	b.ReportMetric(rig.Median(within), "server-p99-ms")
	b.ReportMetric(rig.Median(wire), "wire-p99-ms")
	b.ReportMetric(invalid/float64(len(all)), "invalid")
	b.ReportMetric(broken/float64(len(all)), "broken")
	b.ReportMetric(0, "ns/op")
}

func truth(b *testing.B, place string, rate float64, seed uint64, machine *doctor.Brief) trial {
	server, err := rig.StartTruth(place == "inprocess", seed, truthLasts)
	if err != nil {
		b.Fatal(err)
	}
	world := fakesvc.Env{Dial: env().Dial, Timeout: 5 * time.Second}
	entry, err := fakesvc.Dial(world, "D", server.Address, arrival.DialOptions(world.Dial)...)
	if err != nil {
		b.Fatal(err)
	}
	defer entry.Close()
	if err := entry.Connected(b.Context()); err != nil {
		b.Fatal(err)
	}
	asked := rig.Load(rate, 16, truthLasts)
	asked.Timeout = setting.Duration(world.Timeout)
	var mu sync.Mutex
	var rows []result.Row
	run, err := runner.Drive(b.Context(), asked, entry, runner.Options{
		Env: world, Pacer: load.Precise, Examine: machine.Instrument,
		Observe: func(r result.Row) {
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows, r)
		},
	})
	answered, closed := server.Close()
	if err != nil || closed != nil {
		b.Fatal(err, closed)
	}
	if run.Requests.Failed > 0 {
		b.Fatalf("%d requests failed: %v", run.Requests.Failed, run.Failures)
	}
	var latency, within, wire []float64
	for _, r := range rows {
		answer, ok := answered[r.ID]
		if !ok {
			b.Fatalf("the server did not write its answer to request %d", r.ID)
		}
		at := answer.Written.Sub(run.Started)
		latency = append(latency, (at - r.Due).Seconds())
		within = append(within, answer.Written.Sub(answer.Had).Seconds())
		wire = append(wire, (r.Done - at).Seconds())
	}
	slices.Sort(latency)
	slices.Sort(within)
	slices.Sort(wire)
	t := trial{
		invalid: run.Verdict == result.Invalid, handling: run.HandlingDelay.P99,
		within: quantile(within, 0.99), wire: quantile(wire, 0.99),
	}
	l := run.Latency
	for i, got := range []float64{l.P50, l.P90, l.P99, l.P999} {
		t.off = append(t.off, got/quantile(latency, compared[i])-1)
	}
	b.Logf("%s: off by %.4f; p50, p90, p99 in ms: handling %.3f %.3f %.3f, server %.3f, wire %.3f; %s", run.Verdict, t.off,
		run.HandlingDelay.P50*1e3, run.HandlingDelay.P90*1e3, run.HandlingDelay.P99*1e3,
		inMillis(within), inMillis(wire), strings.Join(run.Warnings, "; "))
	return t
}

// inMillis returns p50, p90 and p99 of sorted seconds.
func inMillis(sorted []float64) []float64 {
	return []float64{quantile(sorted, 0.5) * 1e3, quantile(sorted, 0.9) * 1e3, quantile(sorted, 0.99) * 1e3}
}
