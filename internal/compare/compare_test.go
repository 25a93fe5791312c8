//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package compare

import (
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

// spread takes 10 ms and more, as most services do: a long tail to one side.
func spread(seed uint64) func(i int) time.Duration {
	random := rand.New(rand.NewPCG(seed, 0))
	return func(int) time.Duration {
		return time.Duration(10e6 * math.Exp(0.5*random.NormFloat64()))
	}
}

func slower(rows []result.Row, by float64) []result.Row {
	out := append([]result.Row{}, rows...)
	for i := range out {
		out[i].Done = out[i].Due + time.Duration(float64(out[i].Done-out[i].Due)*by)
	}
	return out
}

// side writes runs of a scenario, a folder each, and reads them as one side.
func side(t *testing.T, runs ...resulttest.Run) Side {
	t.Helper()
	dir := t.TempDir()
	for i, r := range runs {
		if r.Scenario == "" {
			r.Scenario = "sync"
		}
		if r.Seconds == 0 {
			r.Seconds = 10
		}
		if r.Started.IsZero() {
			r.Started = resulttest.Start.Add(time.Duration(i) * time.Minute)
		}
		resulttest.Write(t, filepath.Join(dir, string(rune('a'+i))), r)
	}
	s, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compared(t *testing.T, old, new Side) Scenario {
	t.Helper()
	c, err := Sides(old, new, Names, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Scenarios) != 1 {
		t.Fatalf("%d scenarios", len(c.Scenarios))
	}
	return c.Scenarios[0]
}

func rowOf(t *testing.T, s Scenario, name string) Row {
	t.Helper()
	r, ok := s.Row(name)
	if !ok {
		t.Fatalf("there is no row of %s", name)
	}
	return r
}

func TestTheSameRunDiffersInNothing(t *testing.T) {
	rows := resulttest.Rows(100, 10, spread(1))
	a, b := side(t, resulttest.Run{Seed: 1, Samples: true, Rows: rows}), side(t, resulttest.Run{Seed: 1, Samples: true, Rows: rows})
	s := compared(t, a, b)
	if !strings.HasPrefix(s.How, "request by request: 1000 of the same requests, bootstrap of 30 blocks") {
		t.Error(s.How)
	}
	for _, r := range s.Rows {
		if r.Delta.Significant() || r.Delta.Change != 0 || r.Delta.Tested && r.Delta.P != 1 {
			t.Errorf("%s: %+v", r.Metric.Name, r.Delta)
		}
	}
}

// What was measured of a machine before the load differs from run to run, or is not
// there, as in older files: that is no other machine.
func TestAnExaminationIsNoOtherMachine(t *testing.T) {
	rows := resulttest.Rows(100, 10, spread(1))
	of := func(i *result.Instrument) Side {
		return side(t, resulttest.Run{Seed: 1, Rows: rows, Change: func(r *result.Run) { r.Environment.Instrument = i }})
	}
	found := of(&result.Instrument{Rate: 500, LatenessP99: 0.0001, TrustedRate: 8000, CPU: &result.CPUShares{Own: 0.3}})
	other := of(&result.Instrument{Rate: 500, LatenessP99: 0.0009, TrustedRate: 5000})
	for _, old := range []Side{of(nil), other} {
		c, err := Sides(old, found, Names, false)
		if err != nil || len(c.Notes) > 0 {
			t.Errorf("%q, %v", c.Notes, err)
		}
	}
}

// Each request takes a tenth longer: that is what every figure of latency says,
// with an interval as narrow as pairs make it; of the histograms, within what they
// round.
func TestPairsTellASmallChange(t *testing.T) {
	rows := resulttest.Rows(100, 10, spread(1))
	for _, samples := range []bool{true, false} {
		s := compared(t, side(t, resulttest.Run{Seed: 1, Samples: samples, Rows: rows}), side(t, resulttest.Run{Seed: 1, Samples: samples, Rows: slower(rows, 1.1)}))
		if !samples && s.How != "second by second: the same requests, bootstrap of the histograms of 10 seconds" {
			t.Error(s.How)
		}
		for _, name := range []string{"latency.p50", "latency.p90", "latency.p99", "latency.mean"} {
			r := rowOf(t, s, name)
			d := r.Delta
			if !d.Significant() || math.Abs(d.Change-0.1) > 2e-3 || d.Low < 0.098 || d.High > 0.102 || d.Low > d.High {
				t.Errorf("samples %v, %s: %+v", samples, name, d)
			}
			if r.N != [2]int64{1000, 1000} {
				t.Errorf("%s: n is %v", name, r.N)
			}
		}
		for _, name := range []string{"latency.max", "latency.p99.9"} { // too little for a test
			if d := rowOf(t, s, name).Delta; d.Tested || !d.Known || math.Abs(d.Change-0.1) > 2e-3 {
				t.Errorf("%s: %+v", name, d)
			}
		}
		if d := rowOf(t, s, "throughput").Delta; d.Significant() {
			t.Errorf("throughput: %+v", d)
		}
	}
}

func TestOtherSeedsAreNotPaired(t *testing.T) {
	a := side(t, resulttest.Run{Seed: 1, Samples: true, Rows: resulttest.Rows(100, 10, spread(1))})
	b := side(t, resulttest.Run{Seed: 2, Samples: true, Rows: slower(resulttest.Rows(100, 10, spread(2)), 1.5)})
	s := compared(t, a, b)
	if s.How != "not paired: bootstrap of the histograms of 10 and 10 seconds" {
		t.Error(s.How)
	}
	d := rowOf(t, s, "latency.p50").Delta
	if !d.Significant() || d.Low > 0.5 || d.High < 0.5 || d.High-d.Low < 0.05 {
		t.Errorf("p50: %+v", d)
	}
	if again := compared(t, a, b); !reflect.DeepEqual(again.Rows[0].Delta, s.Rows[0].Delta) {
		t.Errorf("the same folders give %+v and %+v", s.Rows[0].Delta, again.Rows[0].Delta)
	}
}

// Of pairs, those that failed on one side alone count: 3 of them are not enough,
// however the resamples fall, 12 are.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		failed      int
		significant bool
		p           float64
	}{{3, false, 0.25}, {12, true, 2.0 / 4096}} {
		rows := resulttest.Rows(100, 10, spread(1))
		worse := append([]result.Row{}, rows...)
		for i := range c.failed {
			resulttest.Fail(&worse[i*80+7])
		}
		s := compared(t, side(t, resulttest.Run{Seed: 1, Samples: true, Rows: rows}), side(t, resulttest.Run{Seed: 1, Samples: true, Rows: worse}))
		d := rowOf(t, s, "errors").Delta
		if d.Significant() != c.significant || math.Abs(d.Change-float64(c.failed)/1000) > 1e-12 || d.P < c.p-1e-9 {
			t.Errorf("%d failures: %+v", c.failed, d)
		}
	}
}

// With four runs on each side and more the runs are compared, and p is that of the
// exact U test: 2 of the 70 ways to put 8 runs in order.
func TestRepeats(t *testing.T) {
	var old, new []resulttest.Run
	for i := range 4 {
		rows := resulttest.Rows(100, 2, func(int) time.Duration { return time.Duration(100+i) * time.Millisecond })
		old = append(old, resulttest.Run{Seed: uint64(i), Seconds: 2, Rows: rows})
		new = append(new, resulttest.Run{Seed: uint64(i), Seconds: 2, Rows: slower(rows, 1.2)})
	}
	s := compared(t, side(t, old...), side(t, new...))
	if s.How != "run by run: medians of 4 and 4 runs, Mann-Whitney U test" {
		t.Error(s.How)
	}
	r := rowOf(t, s, "latency.max")
	d := r.Delta
	if !d.Significant() || math.Abs(d.P-2.0/70) > 1e-9 || math.Abs(d.Change-0.2) > 1e-3 || r.N != [2]int64{4, 4} {
		t.Errorf("%+v, n %v", d, r.N)
	}
	// The shifts of all pairs are from 100·1.2 − 103 to 103·1.2 − 100 ms, of 101.5 ms.
	if math.Abs(d.Low-17/101.5) > 1e-3 || math.Abs(d.High-23.6/101.5) > 1e-3 {
		t.Errorf("interval %v, %v", d.Low, d.High)
	}
	few := compared(t, side(t, old[:3]...), side(t, new[:3]...))
	if !strings.HasPrefix(few.How, "second by second") {
		t.Error(few.How)
	}
	if d := rowOf(t, few, "latency.p50").Delta; !d.Significant() || math.Abs(d.Change-0.2) > 2e-3 {
		t.Errorf("of three runs: %+v", d)
	}
}

// What differs is noted where it is allowed, and nothing where nothing differs.
func TestDifferencesAreNoted(t *testing.T) {
	rows := resulttest.Rows(20, 1, spread(1))
	of := func(rate float64, system string) []Run {
		return side(t, resulttest.Run{Seed: 1, Rate: rate, Seconds: 1, Rows: rows, Change: func(r *result.Run) { r.Environment.OS = system }}).Runs
	}
	old := of(100, "one")
	for name, c := range map[string]struct {
		new   []Run
		same  bool
		notes []string
	}{
		"the same":      {of(100, "one"), true, nil},
		"another rate":  {of(200, "one"), false, []string{"the experiments differ: rate is 100/s and 200/s"}},
		"another place": {of(100, "other"), true, []string{"the system differs: one and other"}},
	} {
		var got Comparison
		if same, err := got.check(&Scenario{Old: old, New: c.new}, true); err != nil || same != c.same || !reflect.DeepEqual(got.Notes, c.notes) {
			t.Errorf("%s: the same experiment %v, %q, %v", name, same, got.Notes, err)
		}
	}
}

// Runs are compared one by one where each side has four; a side of which nothing was
// measured is refused.
func TestHowASideIsCompared(t *testing.T) {
	median, _ := metric.ByName("latency.p50")
	one := resulttest.Run{Seed: 1, Rate: 20, Seconds: 1, Rows: resulttest.Rows(20, 1, spread(1))}
	single, four := side(t, one).Runs, side(t, one, one, one, one).Runs
	nothing := []Run{{"nowhere", &result.Loaded{}}}
	for name, c := range map[string]struct {
		old, new []Run
		how      string
	}{
		"one each": {single, single, "second by second: the same requests"}, "four and one": {four, single, "not paired: bootstrap of the histograms of 4 and 1 seconds"},
		"one and four": {single, four, "not paired"}, "four each": {four, four, "run by run: medians of 4 and 4 runs"},
		"nothing before": {nothing, single, ""}, "nothing now": {single, nothing, ""},
	} {
		s := &Scenario{Name: "sync", Old: c.old, New: c.new}
		err := s.fill([]metric.Metric{median}, true)
		if !strings.HasPrefix(s.How, c.how) || (err != nil) != (c.how == "") || err != nil && err.Error() != "nothing was measured in sync" || err == nil && len(s.Rows) != 1 {
			t.Errorf("%s: %q, %d rows, %v", name, s.How, len(s.Rows), err)
		}
	}
}

func TestDifferentExperimentsAreRefused(t *testing.T) {
	rows := resulttest.Rows(20, 10, spread(1))
	a := side(t, resulttest.Run{Seed: 1, Rate: 100, Rows: rows})
	for want, b := range map[string]Side{
		"the experiments differ: rate is 100/s and 200/s (--different": side(t, resulttest.Run{Seed: 1, Rate: 200, Rows: rows}),
		"the experiments differ: duration is 10s and 5s":               side(t, resulttest.Run{Seed: 1, Rate: 100, Seconds: 5, Rows: rows[:100]}),
		"the experiments differ: scenario is sync and monolith":        side(t, resulttest.Run{Seed: 1, Rate: 100, Scenario: "monolith", Rows: rows}),
		"the experiments differ: rate of all drivers is 100/s and 200/s": side(t, resulttest.Run{Seed: 1, Rate: 100, Rows: rows, Change: func(r *result.Run) {
			r.Requests.RateAsked = 200
		}}),
		"are no repeats of one experiment: rate is 100/s and 200/s": side(t, resulttest.Run{Seed: 1, Rate: 100, Rows: rows}, resulttest.Run{Seed: 1, Rate: 200, Rows: rows}),
	} {
		_, err := Sides(a, b, Names, false)
		var refused *Refused
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, want)
		}
		c, err := Sides(a, b, Names, true)
		if repeats := strings.Contains(want, "repeats"); (err != nil) != repeats {
			t.Errorf("%s: if it is allowed: %v", want, err)
		} else if !repeats && len(c.Scenarios) != 1 {
			t.Errorf("%s: %d scenarios", want, len(c.Scenarios))
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	rows := resulttest.Rows(10, 2, spread(1))
	a := resulttest.Write(t, filepath.Join(dir, "fail-rate=0,rate=5"), resulttest.Run{Scenario: "sync", Seconds: 2, Rows: rows})
	b := resulttest.Write(t, filepath.Join(dir, "b"), resulttest.Run{Scenario: "sync", Seconds: 2, Rows: rows, Started: resulttest.Start.Add(time.Hour)})
	for text, want := range map[string][]string{a: {a}, dir: {a, b}, b + "," + b: {b, b}, b + ", " + b: {b, b}} {
		s, err := Read(text)
		var got []string
		for _, r := range s.Runs {
			got = append(got, r.Dir)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s holds %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		filepath.Join(dir, "none"): "is not there", t.TempDir(): "holds no run", b + ",": "empty part", "": "empty part",
	} {
		var refused *Refused
		if _, err := Read(text); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Of 1000 pairs, of which none failed, six more failures are what the exact test takes;
// of runs that are no pairs, as many. A bootstrap of no failure at all would say that it
// sees everything.
func TestWhatAShareCouldSee(t *testing.T) {
	for _, c := range []struct {
		s    shares
		want float64
	}{
		{shares{&[2]int64{}, 0, 1000, 0, 1000}, 0.006}, {shares{nil, 0, 1000, 0, 1000}, 0.006}, {shares{nil, 500, 1000, 500, 1000}, 0.045},
		{shares{&[2]int64{100, 100}, 100, 1000, 100, 1000}, 0.031}, {shares{nil, 10, 100, 20, 200}, 0.09}, {shares{nil, 990, 1000, 990, 1000}, 0.008},
		// Of so few, nothing would tell: not even all of them.
		{shares{nil, 1, 6, 1, 6}, 5.0 / 6}, {shares{nil, 0, 2, 0, 2}, 1}, {shares{nil, 1, 2, 1, 2}, 1}, {shares{nil, 2, 2, 2, 2}, 1}, {shares{&[2]int64{1, 1}, 2, 4, 2, 4}, 1}, {shares{}, 1},
	} {
		if got := c.s.seen(); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v could see %v, want %v", c.s, got, c.want)
		}
	}
}

func TestWhatAComparisonCouldSee(t *testing.T) {
	rows := resulttest.Rows(100, 10, spread(1))
	s := compared(t, side(t, resulttest.Run{Seed: 1, Samples: true, Rows: rows}), side(t, resulttest.Run{Seed: 1, Samples: true, Rows: rows}))
	if d := rowOf(t, s, "errors").Delta; d.Seen != 0.006 {
		t.Errorf("errors: %+v", d)
	}
	if d := rowOf(t, s, "throughput").Delta; d.Seen != (d.High-d.Low)/2 {
		t.Errorf("throughput: %+v", d)
	}
}
