//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package compare

import (
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
	"crosstalk/internal/stats"
)

// By second, each request is in that of its due time, and a lag that comes after the last
// one in the last; a second run's follow the first one's.
func TestBlocksBySecond(t *testing.T) {
	folder, err := result.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := folder.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	recorder.Begin(resulttest.Start)
	for i, c := range []struct {
		due   time.Duration
		code  codes.Code
		stale bool
	}{{-time.Second, 0, false}, {0, 0, false}, {999 * time.Millisecond, 0, true}, {time.Second, codes.Unavailable, false}, {1500 * time.Millisecond, codes.Unavailable, false}, {2 * time.Second, 0, false}} {
		row := result.Row{ID: int64(i), Due: c.due, Sent: c.due, Done: c.due + 10*time.Millisecond, Code: c.code, Judgement: result.Correct}
		if c.code != codes.OK {
			row.Judgement = result.Unjudged
		}
		if c.stale {
			row.Judgement, row.Staleness = result.Stale, time.Millisecond
		}
		recorder.Due(c.due)
		recorder.Add(row)
	}
	recorder.AddLag(4*time.Second, 7*time.Millisecond)
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	run := &result.Run{Scenario: "sync", Verdict: result.OK, Started: resulttest.Start, MeasuredSeconds: 2.5, Environment: result.LocalEnvironment()}
	if recorder.Fill(run); folder.Write(run) != nil {
		t.Fatal("not written")
	}
	loaded, err := result.Load(folder.Dir())
	if err != nil {
		t.Fatal(err)
	}
	b := newBlocks()
	for range 2 {
		if err := b.bySecond(Run{folder.Dir(), loaded}); err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct{ got, want []float64 }{
		"seconds": {b.seconds, []float64{1, 1, 0.5}}, "sent": {b.sent, []float64{2, 2, 1}}, "failed": {b.failed, []float64{0, 2, 0}}, "stale": {b.stale, []float64{1, 0, 0}},
	} {
		if !slices.Equal(c.got, slices.Concat(c.want, c.want)) {
			t.Errorf("%s: %v, want %v twice", what, c.got, c.want)
		}
	}
	for kind, want := range map[string]struct {
		seconds float64
		blocks  []int32
		counts  []int32
	}{
		"latency": {0.01, []int32{0, 2, 3, 5}, []int32{2, 1, 2, 1}}, "failed": {0.01, []int32{1, 4}, []int32{2, 2}}, "lag": {0.007, []int32{2, 5}, []int32{1, 1}},
	} {
		v := b.values(kind)
		if !slices.Equal(v.block, want.blocks) || !slices.Equal(v.count, want.counts) || math.Abs(v.value[0]/want.seconds-1) > 0.001 {
			t.Errorf("%s: %+v, want %+v", kind, v, want)
		}
	}
	nothing := newBlocks()
	if err := nothing.bySecond(Run{"nowhere", &result.Loaded{}}); err != nil || nothing.n != 0 {
		t.Errorf("of nothing, %d blocks, %v", nothing.n, err)
	}
}

// eight is a pool of eight blocks; block i has ten latencies of 10·i ms, the new ones by
// factor as long.
func eight(paired bool, old, factor float64) *pool {
	p := &pool{old: newBlocks(), new: newBlocks(), paired: paired}
	for side, b := range []*blocks{p.old, p.new} {
		b.grow(8, 1, 8)
		for i := range 8 {
			b.sent[i] = 10
			b.add("latency", old*0.01*float64(i+1)*[]float64{1, factor}[side], 10, i)
		}
		b.sort()
	}
	return p
}

// Blocks that hold the same requests are drawn together, so that what changed all alike is
// known exactly; others are drawn for themselves.
func TestResamplesOfPairs(t *testing.T) {
	mean, _ := metric.ByName("latency.mean")
	most, _ := metric.ByName("latency.max")
	ones := slices.Repeat([]float64{1}, mostResamples)
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	got := eight(true, 1, 1.5).bootstrap([]metric.Metric{mean, most})
	if r := got[0]; !near(r.old, 0.045) || !near(r.new, 0.0675) || !r.delta.Tested || r.delta.P != stats.BootstrapP(ones, 0, 8) ||
		!near(r.delta.Low, 0.5) || !near(r.delta.High, 0.5) || !near(r.delta.Seen, 0) {
		t.Errorf("half as long again: %+v", r)
	}
	if got[1] != (resampled{}) {
		t.Errorf("resamples tell of the largest value: %+v", got[1])
	}
	if r := eight(true, 1, 1).bootstrap([]metric.Metric{mean})[0]; r.delta != (Delta{Tested: true, P: 1}) {
		t.Errorf("the same, in pairs: %+v", r)
	}
	if d := eight(false, 1, 1).bootstrap([]metric.Metric{mean})[0].delta; !d.Tested || d.P < 0.5 || !(d.Low < -0.2 && d.High > 0.2) || !near(d.Seen, (d.High-d.Low)/2) {
		t.Errorf("the same, each for itself: %+v", d)
	}
	for side, name := range []string{"the old", "the new"} { // the other one's blocks are all alike
		p := eight(false, 1, 1)
		alike := []*blocks{p.new, p.old}[side].by["latency"]
		for i := range alike.value {
			alike.value[i] = 0.045
		}
		if d := p.bootstrap([]metric.Metric{mean})[0].delta; !(d.Low < -0.2 && d.High > 0.2) {
			t.Errorf("%s side is not drawn: %+v", name, d)
		}
	}
	few := eight(true, 1, 1)
	few.new.by["latency"].count = []int32{1, 0, 1, 0, 1, 0, 1, 0}
	if d := few.bootstrap([]metric.Metric{mean})[0].delta; d.Tested {
		t.Errorf("one side is too small to tell: %+v", d)
	}
	// What was 0 and no longer is has no change to tell of.
	zero := eight(true, 0, 1)
	for i := range zero.new.by["latency"].value {
		zero.new.by["latency"].value[i] = 1
	}
	if d := zero.bootstrap([]metric.Metric{mean})[0].delta; d != (Delta{}) {
		t.Errorf("of nothing: %+v", d)
	}
}

// Resamples are as many as their work allows, within bounds; a metric that one in twenty
// of them does not tell is not tested.
func TestHowManyResamples(t *testing.T) {
	mean, _ := metric.ByName("latency.mean")
	for n, want := range map[int]int{8: mostResamples, 100_000: 999, 1_000_000: fewestResamples} {
		p := &pool{old: newBlocks(), new: newBlocks()}
		p.old.by["latency"], p.new.by["lag"] = &values{value: make([]float64, n)}, &values{value: make([]float64, n)}
		if got := p.resamples(); got != want {
			t.Errorf("of %d values a side: %d, want %d", n, got, want)
		}
	}
	p := eight(true, 1, 1)
	for n, want := range map[int]bool{mostResamples * 19 / 20: true, mostResamples*19/20 - 1: false} {
		if d := p.delta(mean, make([]float64, n), make([]float64, n)); d.Tested != want {
			t.Errorf("of %d resamples it is tested: %v", n, d.Tested)
		}
	}
}
