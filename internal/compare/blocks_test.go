//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package compare

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

// A request belongs to the block in which it was due, by sample and by second alike, and
// what is of the warm-up to none.
func TestBlocksHoldWhatWasDueInThem(t *testing.T) {
	at := func(due, latency time.Duration, change func(*result.Row)) result.Row {
		r := result.Row{Due: due, Sent: due + 5, Done: due + latency, Judgement: result.Correct}
		if change != nil {
			change(&r)
		}
		return r
	}
	stale := func(r *result.Row) { r.Judgement, r.Staleness = result.Stale, 7 }
	failed := func(r *result.Row) { r.Code, r.Judgement = codes.Unavailable, result.Unjudged }
	rows := []result.Row{
		at(-1, 100, nil), at(0, 101, nil), at(time.Second-1, 102, stale), at(time.Second, 103, failed), at(29*time.Second, 104, nil), at(30*time.Second, 105, stale),
	}
	b := newBlocks()
	b.grow(1, 1, 1) // of another run before
	run := Run{Loaded: &result.Loaded{Run: result.Run{MeasuredSeconds: 29.5}}}
	b.bySample(run, rows)
	// 29.5 s in 30 blocks: 983.33 ms each.
	if b.n != 31 || !slices.Equal([]float64{b.sent[0], b.sent[1], b.sent[2], b.sent[30]}, []float64{0, 1, 2, 2}) || total(b.sent, b.ones()) != 5 {
		t.Errorf("%d blocks, sent %v", b.n, b.sent)
	}
	if b.failed[2] != 1 || total(b.failed, b.ones()) != 1 || b.stale[2] != 1 || b.stale[30] != 1 || total(b.stale, b.ones()) != 2 {
		t.Errorf("failed %v, stale %v", b.failed, b.stale)
	}
	if sum := total(b.seconds, b.ones()); math.Abs(sum-30.5) > 1e-6 || b.seconds[30] > b.seconds[1] || b.seconds[30] < 0.98 {
		t.Errorf("%v s in all, the last one has %v", sum, b.seconds[30])
	}
	for kind, want := range map[string][]float64{"latency": {101, 102, 104, 105}, "service": {96, 97, 99, 100}, "failed": {103}, "lateness": {5, 5, 5, 5, 5}, "staleness": {7, 7}} {
		got := slices.Clone(b.values(kind).value)
		slices.Sort(got)
		for i := range got {
			got[i] = math.Round(got[i] * 1e9)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
	}
	if at := b.values("failed").block; !slices.Equal(at, []int32{2}) {
		t.Errorf("the failure is in block %v", at)
	}
	short := newBlocks()
	if short.bySample(Run{Loaded: &result.Loaded{Run: result.Run{MeasuredSeconds: 3}}}, nil); short.n != 30 || short.seconds[0] != 0.1 || short.seconds[29] < 0.0999 {
		t.Errorf("of 3 s there are %d blocks of %v s", short.n, short.seconds)
	}
	long := newBlocks()
	long.bySample(Run{Loaded: &result.Loaded{Run: result.Run{MeasuredSeconds: 60}}}, nil)
	if long.n != 60 || long.seconds[0] != 1 {
		t.Errorf("of a minute there are %d blocks of %v s", long.n, long.seconds[0])
	}
}

// The seconds of a run are those that it was to last, a part of the last one included; of
// a merged one with gaps, those in which something was due.
func TestMeasuredSeconds(t *testing.T) {
	for name, c := range map[string]struct {
		run  result.Run
		want []int
	}{
		"whole":        {result.Run{MeasuredSeconds: 3, Series: []result.Second{{Second: 0, Due: 1}, {Second: 2, Due: 1}}}, []int{0, 1, 2}},
		"and a part":   {result.Run{MeasuredSeconds: 2.25}, []int{0, 1, 2}},
		"with gaps":    {result.Run{MeasuredSeconds: 2, Series: []result.Second{{Second: -1, Due: 1}, {Second: 0, Due: 1}, {Second: 1}, {Second: 2, Due: 1}}}, []int{0, 2}},
		"of no length": {result.Run{}, nil},
	} {
		if got := measuredSeconds(c.run); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	b := newBlocks()
	b.grow(4, 1, 2.25)
	if want := []float64{1, 1, 0.25, 0}; !slices.Equal(b.seconds, want) {
		t.Errorf("the blocks of 2.25 s have %v s, want %v", b.seconds, want)
	}
}

// A weighted quantile, mean and count are those of the values written as often as their
// block is drawn.
func TestWeights(t *testing.T) {
	b := newBlocks()
	b.grow(3, 1, 3)
	for i, v := range []float64{3, 1, 2, 5, 4} {
		b.add("latency", v, int64(i+1), i%3) // 3 once and 5 four times in block 0, 1 twice and 4 five times in 1, 2 three times in 2
	}
	b.sort()
	v := b.values("latency")
	if !slices.Equal(v.value, []float64{1, 2, 3, 4, 5}) || !slices.Equal(v.count, []int32{2, 3, 1, 5, 4}) || !slices.Equal(v.block, []int32{1, 2, 0, 1, 0}) {
		t.Fatalf("%+v", v)
	}
	weights := []int{0, 2, 1} // 1 four times, 2 three times, 4 ten times
	if n, mean := v.samples(weights), v.mean(weights); n != 17 || math.Abs(mean-50.0/17) > 1e-12 {
		t.Errorf("%d values, of a mean of %v", n, mean)
	}
	for share, want := range map[float64]float64{4.0 / 17: 1, 4.1 / 17: 2, 7.0 / 17: 2, 7.1 / 17: 4, 1: 4} {
		if got := v.quantile(weights, share); got != want {
			t.Errorf("quantile %v is %v, want %v", share, got, want)
		}
	}
	none := b.values("lag")
	if !math.IsNaN(none.quantile(weights, 0.5)) || !math.IsNaN(none.mean(weights)) || none.samples(weights) != 0 || !math.IsNaN(v.at([]int{0, 0, 0}, 0)) {
		t.Error("of nothing there is a figure")
	}
	if low, high := v.bounds(b.ones(), 0.5); low != 2 || high != 5 { // numbers 4 and 12 of 15
		t.Errorf("the median lies in [%v, %v]", low, high)
	}
	if low, high := v.bounds(b.ones(), 0.99); !(low <= 5) || !math.IsInf(high, 1) {
		t.Errorf("p99 lies in [%v, %v], want an open end", low, high)
	}
	many := newBlocks()
	many.grow(1, 1, 1)
	many.add("latency", 1, 499, 0)
	many.add("latency", 2, 1, 0)
	if low, high := many.values("latency").bounds(many.ones(), 0.99); low != 1 || high != 2 { // numbers 490 and 500 of 500
		t.Errorf("p99 of 500 lies in [%v, %v]", low, high)
	}
	if low, high := v.bounds(b.ones(), 0.01); !math.IsInf(low, -1) || math.IsInf(high, 1) {
		t.Errorf("p1 lies in [%v, %v], want an open end", low, high)
	}
}

// A change is a share of what was; of shares it is their difference.
func TestChangeOf(t *testing.T) {
	latency, errors := metric.Metric{Unit: metric.Seconds}, metric.Metric{Unit: metric.Share}
	for _, c := range []struct {
		m              metric.Metric
		old, new, want float64
	}{{latency, 2, 3, 0.5}, {latency, 4, 3, -0.25}, {latency, 0, 0, 0}, {latency, 0, 1, math.NaN()}, {errors, 0.25, 0.75, 0.5}, {errors, 0, 0.5, 0.5}} {
		if got := changeOf(c.m, c.old, c.new); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("from %v to %v: %v, want %v", c.old, c.new, got, c.want)
		}
	}
	r := Row{Metric: metric.Metric{MoreIsBetter: true}, Delta: Delta{Change: 0.5, Low: 0.4, High: 0.7}}
	if d := r.Worse(); d.Change != -0.5 || d.Low != -0.7 || d.High != -0.4 {
		t.Errorf("more of what is better: %+v", d)
	}
	for d, want := range map[Delta]bool{{Known: true, Tested: true, P: 0.0499}: true, {Known: true, Tested: true, P: 0.05}: false, {Known: true}: false, {Tested: true}: false} {
		if d.Significant() != want {
			t.Errorf("%+v is significant: %v", d, !want)
		}
	}
}

// Shares are tested with what they are shares of, by pairs where there are any.
func TestSharesAreOfWhatTheySay(t *testing.T) {
	p := &pool{old: newBlocks(), new: newBlocks(), failedAlone: &[2]int64{1, 2}, staleAlone: &[2]int64{3, 4}}
	for i, b := range []*blocks{p.old, p.new} {
		b.grow(2, 1, 2)
		for n := range 2 {
			b.sent[n], b.failed[n], b.stale[n] = float64(100*(i+1)), float64(10*(i+1)), float64(5*(i+1))
		}
	}
	if got, ok := p.shares("errors"); !ok || !reflect.DeepEqual(got, shares{p.failedAlone, 20, 200, 40, 400}) {
		t.Errorf("errors: %+v", got)
	}
	if got, ok := p.shares("stale"); !ok || !reflect.DeepEqual(got, shares{p.staleAlone, 10, 180, 20, 360}) {
		t.Errorf("stale: %+v", got)
	}
	if _, ok := p.shares("latency.p50"); ok {
		t.Error("a latency is no share")
	}
	for name, want := range map[string]float64{"errors": 0.1, "stale": 10.0 / 180, "throughput": 90} {
		if s, ok := statisticOf(name); !ok || math.Abs(s.of(p.old, p.old.ones())-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, s.of(p.old, p.old.ones()), want)
		}
	}
	for name, want := range map[string]int64{"errors": 200, "stale": 180, "throughput": 200} {
		if s, _ := statisticOf(name); s.samples(p.old) != want {
			t.Errorf("%s is of %d, want %d", name, s.samples(p.old), want)
		}
	}
	for _, name := range []string{"latency.max", "events", "cpu", "other.p50"} {
		if _, ok := statisticOf(name); ok {
			t.Errorf("blocks tell %s", name)
		}
	}
}

// Resamples tell of a percentile from five values beyond it on, and of a mean from five.
func TestEnoughSamples(t *testing.T) {
	for name, least := range map[string]int{"latency.mean": 5, "latency.p50": 10, "latency.p99": 500, "latency.p10": 50} {
		s, _ := statisticOf(name)
		for n, want := range map[int]bool{least: true, least - 1: false} {
			b := newBlocks()
			b.grow(1, 1, 1)
			b.add("latency", 1, int64(n), 0)
			if s.enough(b) != want {
				t.Errorf("%s of %d: %v", name, n, !want)
			}
		}
	}
	errors, _ := metric.ByName("errors")
	p := &pool{old: newBlocks(), new: newBlocks()}
	p.old.grow(fewestBlocks, 1, fewestBlocks)
	p.new.grow(fewestBlocks, 1, fewestBlocks)
	if _, ok := p.tested(errors); !ok {
		t.Errorf("%d blocks are too few", fewestBlocks)
	}
	p.new = newBlocks()
	p.new.grow(fewestBlocks-1, 1, fewestBlocks)
	if _, ok := p.tested(errors); ok {
		t.Errorf("%d blocks are enough", fewestBlocks-1)
	}
}

// The shift's interval is that of Hollander and Wolfe: of 4 and 4 runs, the smallest and
// the largest difference; of 5 and 5, the third from either end.
func TestShift(t *testing.T) {
	if low, high := shift([]float64{0, 1, 2, 3}, []float64{10, 20, 30, 40}); low != 7 || high != 40 {
		t.Errorf("[%v, %v]", low, high)
	}
	// The differences in order begin 6, 7, 8 and end with 48, 49, 50.
	if low, high := shift([]float64{0, 1, 2, 3, 4}, []float64{10, 20, 30, 40, 50}); low != 8 || high != 48 {
		t.Errorf("[%v, %v]", low, high)
	}
	if low, high := shift([]float64{0, 1}, []float64{10, 20}); low != 9 || high != 20 {
		t.Errorf("of few: [%v, %v]", low, high)
	}
}

// Runs are paired by their seeds, whatever their order, each once; in a closed loop they
// are not, since what is sent when depends on the answers.
func TestPairedBySeed(t *testing.T) {
	run := func(seed string, rate float64) Run {
		return Run{seed, &result.Loaded{Run: result.Run{Experiment: resulttest.Asked(`{"seed":"` + seed + `"}`), Requests: result.Requests{RateAsked: rate}}}}
	}
	old := []Run{run("1", 9), run("2", 9), run("1", 9)}
	for name, c := range map[string]struct {
		old, new []Run
		want     string
	}{
		"in another order": {old, []Run{run("1", 9), run("1", 9), run("2", 9)}, "1 2 1"},
		"one too few":      {old, []Run{run("1", 9), run("2", 9), run("2", 9)}, ""},
		"another seed":     {old, []Run{run("1", 9), run("2", 9), run("3", 9)}, ""},
		"closed loops":     {[]Run{run("1", 0)}, []Run{run("1", 0)}, ""},
	} {
		a, b, ok := bySeed(c.old, c.new)
		if ok != (c.want != "") || !ok && !reflect.DeepEqual(b, c.new) || !reflect.DeepEqual(a, c.old) {
			t.Errorf("%s: %v", name, ok)
		}
		var seeds []string
		for _, r := range b {
			seeds = append(seeds, r.Dir)
		}
		if ok && strings.Join(seeds, " ") != c.want {
			t.Errorf("%s: %v", name, seeds)
		}
		if ok && b[0] == b[2] {
			t.Errorf("%s: a run is taken twice", name)
		}
	}
}

// Blocks are of samples where all runs have theirs and of seconds where not, paired where
// the runs have partners.
func TestPools(t *testing.T) {
	run := func(seed uint64, samples bool) resulttest.Run {
		return resulttest.Run{Seed: seed, Seconds: 8, Samples: samples, Rows: resulttest.Rows(20, 8, spread(seed))}
	}
	old, turned, without := side(t, run(1, true), run(2, true)), side(t, run(2, true), run(1, true)), side(t, run(1, true), run(2, false))
	for name, c := range map[string]struct {
		new             []Run
		same            bool
		samples, paired bool
		n               int
	}{
		"all samples":       {turned.Runs, true, true, true, 16},
		"one without":       {without.Runs, true, false, true, 16},
		"other experiments": {turned.Runs, false, false, false, 16},
		"one run less":      {turned.Runs[:1], true, false, false, 8},
		"another seed":      {[]Run{turned.Runs[1], turned.Runs[1]}, true, false, false, 16},
	} {
		if samples, _, err := pools(c.new, old.Runs, c.same); err != nil || (samples != nil) != c.samples {
			t.Errorf("%s, turned round: samples %v, %v", name, samples != nil, err)
		}
		samples, seconds, err := pools(old.Runs, c.new, c.same)
		if err != nil || (samples != nil) != c.samples || seconds.paired != c.paired || seconds.new.n != c.n || seconds.old.n != 16 {
			t.Errorf("%s: samples %v, paired %v, %d and %d seconds, %v", name, samples != nil, seconds.paired, seconds.old.n, seconds.new.n, err)
		}
		if samples != nil && (!samples.paired || samples.old.n != 60 || *samples.failedAlone != [2]int64{} || !slices.IsSorted(samples.new.values("latency").value)) {
			t.Errorf("%s: %d blocks, paired %v", name, samples.old.n, samples.paired)
		}
		if !slices.IsSorted(seconds.old.values("latency").value) || !slices.IsSorted(seconds.new.values("latency").value) {
			t.Errorf("%s: values out of order", name)
		}
	}
}

// Of pairs, those count that both sides sent, and what one side alone met.
func TestPairsAreOfWhatBothSent(t *testing.T) {
	rows := append(resulttest.Rows(20, 8, spread(1)), result.Row{ID: -1, Due: -time.Second, Sent: -time.Second, Done: -time.Second, Judgement: result.Correct}) // of the warm-up
	other := slices.Clone(rows)
	resulttest.Fail(&rows[160])
	for i := range 3 {
		other[i].Judgement, other[i].Staleness = result.Stale, time.Millisecond
		resulttest.Fail(&rows[10+i*2])
	}
	resulttest.Fail(&rows[30])
	resulttest.Fail(&other[30])
	a, b := side(t, resulttest.Run{Seed: 1, Seconds: 8, Samples: true, Rows: rows}), side(t, resulttest.Run{Seed: 1, Seconds: 8, Samples: true, Rows: slices.Concat(other[160:], other[:150])})
	if turned, _, err := pools(b.Runs, a.Runs, true); err != nil || turned == nil || counted(turned.new.sent) != 150 || *turned.failedAlone != [2]int64{0, 3} {
		t.Errorf("turned round: %+v, %v", turned, err)
	}
	samples, _, err := pools(a.Runs, b.Runs, true)
	if err != nil || samples == nil {
		t.Fatal(samples, err)
	}
	if *samples.failedAlone != [2]int64{3, 0} || *samples.staleAlone != [2]int64{0, 3} || counted(samples.old.sent) != 150 || counted(samples.new.sent) != 150 || counted(samples.old.failed) != 4 {
		t.Errorf("failed alone %v, stale alone %v, %v of %v", *samples.failedAlone, *samples.staleAlone, counted(samples.old.failed), counted(samples.old.sent))
	}
}

// What else may be behind a change is noted once, and so is a run that is not to be
// trusted.
func TestNotesOfMachines(t *testing.T) {
	run := func(dir string, change func(*result.Run)) Run {
		r := result.Run{Verdict: result.OK, Environment: result.Environment{Go: "go", OS: "os", CPU: "cpu", Cores: 2, Bus: "bus"}}
		if change != nil {
			change(&r)
		}
		return Run{dir, &result.Loaded{Run: r}}
	}
	for want, change := range map[string]func(*result.Run){
		"": nil, "Go differs: go and x": func(r *result.Run) { r.Environment.Go = "x" }, "the system differs: os and x": func(r *result.Run) { r.Environment.OS = "x" },
		"the CPU differs: cpu and x": func(r *result.Run) { r.Environment.CPU = "x" }, "the number of cores differs: 2 and 9": func(r *result.Run) { r.Environment.Cores = 9 },
		"the bus differs: bus and x":      func(r *result.Run) { r.Environment.Bus = "x" },
		"new is invalid: late":            func(r *result.Run) { r.Verdict, r.Warnings = result.Invalid, []string{"late", "more"} },
		"new is invalid: it says not why": func(r *result.Run) { r.Verdict = result.Invalid },
	} {
		c := &Comparison{}
		for range 2 {
			c.noteMachines(&Scenario{Old: []Run{run("old", nil)}, New: []Run{run("new", change)}})
		}
		if got := strings.Join(c.Notes, "|"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A run and its copy, or a merged run that holds it, are no repeats.
func TestTwice(t *testing.T) {
	run := func(dir, id string, parts ...string) Run {
		return Run{dir, &result.Loaded{Run: result.Run{ID: id, Parts: parts}}}
	}
	if err := twice([]Run{run("a", "1"), run("b", "2"), run("c", "", "3", "4")}); err != nil {
		t.Error(err)
	}
	for _, again := range []Run{run("c", "1"), run("c", "", "3", "1")} {
		if err := twice([]Run{run("a", "1"), run("b", "2"), again}); err == nil || err.Error() != "a and c hold the same run, which is no repeat of itself" {
			t.Error(err)
		}
	}
}

// A scenario of one side alone is noted, and the common ones are compared.
func TestScenariosOfOneSide(t *testing.T) {
	of := func(name string, scenarios ...string) Side {
		s := Side{Name: name}
		for _, scenario := range scenarios {
			s.Runs = append(s.Runs, Run{scenario, &result.Loaded{Run: result.Run{Scenario: scenario}}})
		}
		return s
	}
	for name, c := range map[string]struct {
		old, new Side
		allowed  bool
		want     string // the scenarios, or the error
		notes    string
	}{
		"one in common":       {of("old", "sync", "monolith", "sync"), of("new", "async-request", "sync"), false, "sync 2 1", "monolith is in old alone|async-request is in new alone"},
		"none":                {of("old", "sync"), of("new", "monolith", "async-request"), true, "old and new have no scenario in common", ""},
		"none, the other way": {of("old", "monolith", "async-request"), of("new", "sync"), true, "old and new have no scenario in common", ""},
		"another one":         {of("old", "sync"), of("new", "monolith"), true, "sync → monolith 1 1", ""},
		"not allowed":         {of("old", "sync"), of("new", "monolith"), false, "the experiments differ: scenario is sync and monolith (--different compares them all the same)", ""},
	} {
		comparison := &Comparison{Old: c.old, New: c.new}
		pairs, err := comparison.pairs(c.allowed)
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%s %d %d", pairs[0].Name, len(pairs[0].Old), len(pairs[0].New))
		}
		if got != c.want || err == nil && (len(pairs) != 1 || strings.Join(comparison.Notes, "|") != c.notes) {
			t.Errorf("%s: %s, notes %q", name, got, comparison.Notes)
		}
	}
}
