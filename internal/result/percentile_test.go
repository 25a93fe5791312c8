package result

import (
	"bytes"
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/experiment"
	"crosstalk/internal/schedule"
	"crosstalk/internal/stats"
)

// numbered returns a run whose successes took 1, 2, … n ns: value number k is k ns, and
// the histogram tells all of them apart.
func numbered(t *testing.T, n int64) (*Recorder, Run) {
	t.Helper()
	r := NewRecorder(Options{})
	for i := range n {
		play(r, success(i, time.Duration(i), time.Duration(i+1)))
	}
	return r, filled(t, r)
}

// Samples that are all known have the percentiles of their histogram.
func TestPercentileOfSortedIsThatOfTheHistogram(t *testing.T) {
	for _, n := range []int64{0, 1, 24, 100, 197, 367, 368, 900} {
		var samples []float64
		for i := range n {
			samples = append(samples, (time.Duration(i+1) * time.Nanosecond).Seconds())
		}
		_, run := numbered(t, n)
		for _, share := range []float64{0.5, 0.9, 0.99, 0.999} {
			want, _ := run.Written(Latency, share)
			if got := PercentileOfSorted(samples, share); got != want {
				t.Errorf("%v of %d: %+v, want %+v", share, n, got, want)
			}
		}
	}
}

// An interval ends at the samples whose ranks bound it, and is open on the side that no
// sample bounds; what stands in run.json is the same.
func TestPercentileHasTheIntervalOfItsRanks(t *testing.T) {
	closed, openBelow, openAbove := 0, 0, 0
	for _, n := range []int64{1, 4, 6, 24, 197, 368, 1000, 2000} {
		r, run := numbered(t, n)
		for _, of := range percentiles {
			low, high := stats.QuantileRanks(of.share, n)
			want := Percentile{float64(stats.Rank(of.share, n)) / 1e9, float64(low) / 1e9, float64(high) / 1e9}
			if low == 0 {
				openBelow++
				want.Low = math.Inf(-1)
			}
			if high > n {
				openAbove++
				want.High = math.Inf(1)
			} else if low > 0 {
				closed++
			}
			if got := PercentileOf(r.totals[Latency].histogram, run.Latency, of.share); !near(got, want) {
				t.Errorf("%s of %d: %v, want %v", of.name, n, got, want)
			}
			if got, ok := run.Written(Latency, of.share); !ok || !near(got, want) {
				t.Errorf("%s of %d is written as %v, %v, want %v", of.name, n, got, ok, want)
			}
		}
	}
	if closed == 0 || openBelow == 0 || openAbove == 0 {
		t.Errorf("%d closed, %d open below, %d above: all kinds are wanted", closed, openBelow, openAbove)
	}
}

// near tells whether two percentiles are the same but for the rounding of seconds.
func near(a, b Percentile) bool {
	same := func(x, y float64) bool { return x == y || math.Abs(x-y) < 1e-12 }
	return same(a.Value, b.Value) && same(a.Low, b.Low) && same(a.High, b.High)
}

// Of none, and of a share that does not stand in run.json, nothing is written.
func TestWhatIsNotWritten(t *testing.T) {
	_, run := numbered(t, 100)
	if p, ok := run.Written(Latency, 0.95); ok {
		t.Errorf("p95 is written as %v", p)
	}
	if p, ok := run.Written(FailedLatency, 0.5); ok || p != (Percentile{}) {
		t.Errorf("of no failure, p50 is written as %v", p)
	}
	if got := PercentileOf(newHistogram(), Quantiles{}, 0.5); got != (Percentile{}) {
		t.Errorf("of none, p50 is %v", got)
	}
}

// A run from before there were intervals gets them from its histograms.
func TestIntervalsOfAnOlderFile(t *testing.T) {
	dir, text, _ := stored(t)
	want, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var run map[string]any
	if err := json.Unmarshal(text, &run); err != nil {
		t.Fatal(err)
	}
	if run["percentile_intervals"] == nil {
		t.Fatal("run.json has no intervals to be taken out")
	}
	delete(run, "percentile_intervals")
	older, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, RunFile), older)
	got, err := Load(dir)
	if err != nil || !reflect.DeepEqual(got.Intervals, want.Intervals) {
		t.Errorf("%v\n%v\nwant %v", err, got.Intervals, want.Intervals)
	}
}

// The curve goes from the smallest latency to the largest, evenly on the nines axis.
func TestLatencyCurve(t *testing.T) {
	l := &Loaded{}
	if x, y := l.withHistograms(t, 0).LatencyCurve(); x != nil || y != nil {
		t.Errorf("of none: %v, %v", x, y)
	}
	x, y := l.withHistograms(t, 1000).LatencyCurve()
	// 1 − 10^(−i/50) is below 0.999 for i from 0 to 149; then that share, twice.
	if len(x) != 152 || len(y) != 152 {
		t.Fatalf("%d shares, %d latencies", len(x), len(y))
	}
	for i := range 150 {
		share := 1 - math.Pow(10, -float64(i)/50)
		if math.Abs(x[i]-share) > 1e-12 || math.Abs(y[i]-float64(stats.Rank(share, 1000))/1e9) > 1e-12 {
			t.Errorf("point %d is %v ns at %v, want number %d at %v", i, y[i]*1e9, x[i], stats.Rank(share, 1000), share)
		}
	}
	if x[150] != 0.999 || x[151] != 0.999 || math.Abs(y[150]-999e-9) > 1e-12 || math.Abs(y[151]-1000e-9) > 1e-12 {
		t.Errorf("it ends %v %v", x[150:], y[150:])
	}
}

// Up to the share of the answers that are not stale, that share included, an answer is
// 0 s old.
func TestAgeCurve(t *testing.T) {
	l := &Loaded{}
	l.withHistograms(t, 100)
	l.Staleness, l.Run.Staleness = l.Latency, l.Run.Latency // 100 of 1 to 100 ns
	for _, correct := range []int64{300, 900} {
		l.Answers = Answers{Correct: correct, Stale: 100}
		fresh := 1 - 100/float64(correct+100)
		x, y := l.AgeCurve()
		if len(x) != len(y) || len(x) == 0 || x[len(x)-1] != 1-1/float64(correct+100) || math.Abs(y[len(y)-1]-100e-9) > 1e-12 {
			t.Fatalf("%v\n%v", x, y)
		}
		for i := range x[:len(x)-1] {
			want := 0.0
			if x[i] > fresh {
				want = float64(stats.Rank((x[i]-fresh)/(1-fresh), 100)) / 1e9
			}
			if math.Abs(y[i]-want) > 1e-12 {
				t.Errorf("%d correct, at %v: %v, want %v", correct, x[i], y[i], want)
			}
		}
	}
	l.Answers = Answers{}
	if x, y := l.AgeCurve(); x != nil || y != nil {
		t.Errorf("of no answer: %v, %v", x, y)
	}
}

// withHistograms gives a run n latencies of 1 to n ns.
func (l *Loaded) withHistograms(t *testing.T, n int64) *Loaded {
	r, run := numbered(t, n)
	l.Run, l.Latency = run, r.totals[Latency].histogram
	return l
}

// Runs of which one counts what the other does have an identity in common.
func TestIdentities(t *testing.T) {
	for name, c := range map[string]struct {
		run  Run
		want []string
	}{
		"its own":             {Run{ID: "a", Scenario: "sync"}, []string{"a"}},
		"of its parts":        {Run{ID: "a", Parts: []string{"b", "c"}}, []string{"b", "c"}},
		"from before the ids": {Run{Scenario: "sync", Started: began, Attached: 2, Experiment: experiment.Experiment{Seed: 7}}, []string{`sync/2026-03-01T12:00:00.123456789Z/driver 2/seed "7"`}},
		"without a seed":      {Run{Scenario: "sync", Started: began}, []string{"sync/2026-03-01T12:00:00.123456789Z/driver 0/seed \"0\""}},
	} {
		if got := c.run.Identities(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A comparison is clean only where all was compared and nothing differs.
func TestCleanComparison(t *testing.T) {
	all := Comparison{OwnerRows: 30, ReplicaRows: 90}
	if !all.Clean() || all.Rows() != 120 {
		t.Errorf("clean %v, %d rows", all.Clean(), all.Rows())
	}
	for name, change := range map[string]func(c *Comparison){
		"not compared": func(c *Comparison) { c.NotCompared = "interrupted" },
		"differing":    func(c *Comparison) { c.Differing = 1 },
		"lost":         func(c *Comparison) { c.Lost = 1 },
		"explained":    func(c *Comparison) { c.Explained = []Explained{{Fault: "bus:drop=1%", Rows: 1}} },
	} {
		c := all
		if change(&c); c.Clean() {
			t.Errorf("%s, and clean", name)
		}
	}
}

// A run.json without figures from before the load, or with impossible ones, is refused.
func TestCheckedFigures(t *testing.T) {
	for name, c := range map[string]struct {
		run Run
		ok  bool
	}{
		"nothing":           {Run{}, true},
		"as long as can be": {Run{MeasuredSeconds: schedule.Longest.Seconds()}, true},
		"longer":            {Run{MeasuredSeconds: schedule.Longest.Seconds() + 1}, false},
		"less than nothing": {Run{MeasuredSeconds: -1}, false},
		"no number":         {Run{MeasuredSeconds: math.NaN()}, false},
		"in 1970":           {Run{Started: time.Date(1970, 1, 1, 0, 0, 0, 1, time.UTC)}, true},
		"before":            {Run{Started: time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)}, false},
		"in 2200":           {Run{Started: time.Date(2200, 12, 31, 0, 0, 0, 0, time.UTC)}, true},
		"after":             {Run{Started: time.Date(2201, 1, 1, 0, 0, 0, 0, time.UTC)}, false},
		"the warm-up counts not": {Run{Requests: Requests{Due: 2, Succeeded: 1, Failed: 1}, Series: []Second{
			{Second: -1, Due: 9, Succeeded: 8, Failed: 1}, {Second: 0, Due: 2, Succeeded: 1, Failed: 1}}}, true},
		"another due":       {Run{Requests: Requests{Due: 1}}, false},
		"another succeeded": {Run{Requests: Requests{Succeeded: 1}}, false},
		"another failed":    {Run{Requests: Requests{Failed: 1}}, false},
	} {
		if err := c.run.check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A line of the largest length is read; one byte more is not.
func TestLongestLine(t *testing.T) {
	line := append(bytes.Repeat([]byte("#"), largestLine), '\n')
	if _, err := readIntervals(bytes.NewReader(append(line, line...))); err != nil {
		t.Error(err)
	}
	if _, err := readIntervals(bytes.NewReader(append([]byte("#"), line...))); err == nil {
		t.Error("a line that is longer was read")
	}
}

// A change that becomes visible after the last request was due makes no second of the
// series.
func TestSeriesEndsWithTheRequests(t *testing.T) {
	r := NewRecorder(Options{})
	play(r, success(0, 0, ms))
	r.AddLag(5*time.Second, ms)
	if run := filled(t, r); len(run.Series) != 1 || run.ReplicationLag.Count != 1 {
		t.Errorf("series %+v, lag %+v", run.Series, run.ReplicationLag)
	}
}

// Each judgement has its count; those of failures are no judged successes.
func TestAnswersAreCounted(t *testing.T) {
	r := NewRecorder(Options{})
	want := Answers{Correct: 1, Stale: 2, Backwards: 3, Missing: 4, Corrupt: 5, Unjudged: 6}
	for j, n := range map[Judgement]int64{Correct: 1, Stale: 2, Backwards: 3, Missing: 4, Corrupt: 5, Unjudged: 6} {
		for range n {
			play(r, Row{Judgement: j})
		}
	}
	failed := Row{Code: codes.Unavailable}
	play(r, failed, failed, Row{ID: -1, Due: -1, Judgement: Corrupt}) // nothing is known of a failure; the warm-up is left out
	run := filled(t, r)
	low, high := stats.Wilson(2, 15)
	if run.Answers != want || run.Judged() != 15 || run.StaleRate != (Interval{2.0 / 15, low, high}) {
		t.Errorf("%+v, %d judged, %+v; want %+v", run.Answers, run.Judged(), run.StaleRate, want)
	}
}
