//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package merge

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/policy"
	"crosstalk/internal/theory"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/compare"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
	"crosstalk/internal/stats"
)

// part is a run of 10 s in sync, of some latencies.
func part(seed uint64, median float64, change func(*resulttest.Run)) resulttest.Run {
	random := rand.New(rand.NewPCG(seed, 0))
	rows := resulttest.Rows(200, 10, func(int) time.Duration { return time.Duration(median * math.Exp(random.NormFloat64()) * 1e9) })
	for i := 7; i < len(rows); i += 100 {
		resulttest.Fail(&rows[i])
	}
	for i := 3; i < len(rows); i += 50 {
		rows[i].Judgement, rows[i].Staleness = result.Stale, time.Duration(i)*time.Millisecond
	}
	r := resulttest.Run{Scenario: "sync", Seed: seed, Seconds: 10, Samples: true, Rows: rows, Lags: []time.Duration{time.Second, time.Duration(seed) * time.Minute}}
	if change != nil {
		change(&r)
	}
	return r
}

func merged(t *testing.T, parts ...resulttest.Run) (folders []string, out *result.Loaded) {
	t.Helper()
	dir := t.TempDir()
	for i, p := range parts {
		folders = append(folders, resulttest.Write(t, filepath.Join(dir, string(rune('a'+i))), p))
	}
	to := filepath.Join(dir, "merged", "sync")
	if _, err := Merge(folders, to); err != nil {
		t.Fatal(err)
	}
	out, err := result.Load(to) // which checks the schema, and that both files say the same
	if err != nil {
		t.Fatal(err)
	}
	return folders, out
}

// The percentiles of the merged run are those of all samples together, within the
// three digits that a histogram keeps.
func TestPercentilesAreThoseOfAllSamples(t *testing.T) {
	folders, run := merged(t, part(1, 0.005, nil), part(2, 0.05, nil), part(3, 0.02, nil))
	var latencies, lateness, ages []float64
	for _, dir := range folders {
		rows, err := result.LoadSamples(dir)
		if err != nil || len(rows) != 2000 {
			t.Fatalf("%d samples, %v", len(rows), err)
		}
		for _, r := range rows {
			lateness = append(lateness, (r.Sent - r.Due).Seconds())
			if r.Code == codes.OK {
				latencies = append(latencies, (r.Done - r.Due).Seconds())
			}
			if r.Judgement == result.Stale {
				ages = append(ages, r.Staleness.Seconds())
			}
		}
	}
	for name, c := range map[string]struct {
		samples []float64
		got     result.Quantiles
	}{"latency": {latencies, run.Run.Latency}, "lateness": {lateness, run.Run.Lateness}, "staleness": {ages, run.Run.Staleness}} {
		slices.Sort(c.samples)
		sum := 0.0
		for _, v := range c.samples {
			sum += v
		}
		if c.got.Count != int64(len(c.samples)) {
			t.Errorf("%s: %d values of %d", name, c.got.Count, len(c.samples))
		}
		for _, q := range []struct{ what, got, want, precision float64 }{
			{50, c.got.P50, stats.Quantile(c.samples, 0.5), 1e-3}, {75, c.got.P75, stats.Quantile(c.samples, 0.75), 1e-3},
			{90, c.got.P90, stats.Quantile(c.samples, 0.9), 1e-3}, {99, c.got.P99, stats.Quantile(c.samples, 0.99), 1e-3},
			{99.9, c.got.P999, stats.Quantile(c.samples, 0.999), 1e-3}, {99.99, c.got.P9999, stats.Quantile(c.samples, 0.9999), 1e-3},
			{0, c.got.Min, c.samples[0], 1e-12}, {100, c.got.Max, c.samples[len(c.samples)-1], 1e-12},
			{-1, c.got.Mean, sum / float64(len(c.samples)), 1e-8},
		} {
			if math.Abs(q.got-q.want) > q.precision*q.want {
				t.Errorf("%s: percentile %v (-1 is the mean) is %v, of all samples it is %v", name, q.what, q.got, q.want)
			}
		}
	}
	if lag := run.Run.ReplicationLag; lag.Count != 6 || lag.Max != 180 || lag.Min != 1 {
		t.Errorf("lag %+v", lag)
	}
}

// Two drivers of the same ten seconds, of which one began 2.3 s later.
func TestCountsAddAndSeriesAlign(t *testing.T) {
	late := func(r *resulttest.Run) { r.Started = resulttest.Start.Add(2300 * time.Millisecond) }
	_, run := merged(t, part(2, 0.005, late), part(1, 0.005, nil))
	if run.Requests.Sent != 4000 || run.Requests.Failed != 40 || run.Failures["UNAVAILABLE"] != 40 || run.Answers.Stale != 80 || run.Answers.Correct != 3880 {
		t.Errorf("%+v, %v, %+v", run.Requests, run.Failures, run.Answers)
	}
	if run.ErrorRate.Value != 0.01 || run.ErrorRate.Low < 0.0073 || run.ErrorRate.Low > 0.0074 || run.ErrorRate.High < 0.0135 || run.ErrorRate.High > 0.0137 {
		t.Errorf("error rate %+v", run.ErrorRate)
	}
	if !run.Started.Equal(resulttest.Start) || math.Abs(run.MeasuredSeconds-12.3) > 1e-9 {
		t.Errorf("from %v for %v s", run.Started, run.MeasuredSeconds)
	}
	if want := 200 / 12.3 * 10; math.Abs(run.Requests.RateAsked-want) > 1e-6 { // of two experiments of 100/s
		t.Errorf("rate asked %v, want %v", run.Requests.RateAsked, want)
	}
	if want := 4000 / 12.3; math.Abs(run.Requests.RateAchieved-want) > 0.5 {
		t.Errorf("rate achieved %v, want %v", run.Requests.RateAchieved, want)
	}
	if len(run.Series) != 12 {
		t.Fatalf("%d seconds", len(run.Series))
	}
	for i, s := range run.Series {
		want := int64(400)
		if i < 2 || i >= 10 {
			want = 200
		}
		if s.Second != i || s.Due != want || s.Succeeded+s.Failed != want || s.P50 == 0 {
			t.Errorf("second %d: %+v, want %d requests", i, s, want)
		}
	}
}

// A gap between runs one after the other has seconds without requests, and is not
// measured time.
func TestRunsAfterOneAnother(t *testing.T) {
	later := func(r *resulttest.Run) { r.Started = resulttest.Start.Add(time.Minute) }
	_, run := merged(t, part(1, 0.005, nil), part(2, 0.005, later))
	if run.MeasuredSeconds != 20 || run.Requests.RateAsked != 100 || len(run.Series) != 70 || run.Series[30].Due != 0 || run.Series[60].Due != 200 {
		t.Errorf("%v s, %v/s, %d seconds", run.MeasuredSeconds, run.Requests.RateAsked, len(run.Series))
	}
}

// Examinations of several machines are none of the merged run's: each stays with its
// part, whose warnings and verdict follow from it.
func TestExaminationsStayWithTheirParts(t *testing.T) {
	examined := func(r *resulttest.Run) {
		r.Change = func(run *result.Run) {
			run.Environment.Instrument = &result.Instrument{Rate: 500, TrustedRate: 8000}
			run.Warnings = []string{"rate not trusted: and so on"}
		}
	}
	_, run := merged(t, part(1, 0.005, examined), part(2, 0.005, nil))
	if run.Environment.Instrument != nil || !strings.Contains(strings.Join(run.Warnings, "\n"), "rate not trusted: and so on") {
		t.Errorf("%+v, %q", run.Environment.Instrument, run.Warnings)
	}
}

// Every field of a run is either merged or known not to be: a new one has to be
// thought of.
func TestEveryFieldIsThoughtOf(t *testing.T) {
	window := &counts.Window{StartSeconds: 3, LengthSeconds: 2}
	fill := func(r *resulttest.Run) {
		r.Change = func(run *result.Run) {
			run.WarmUp = result.Counts{Due: 4, Sent: 3, Succeeded: 2, Failed: 1}
			run.Writes = result.Writes{Due: 6, Acknowledged: 5, Failed: 1, Failures: map[string]int64{"INTERNAL": 1}}
			run.Predicted = &theory.Prediction{Method: "closed form", TriesPerRequest: map[string]float64{}}
			run.Stages = []result.Stage{{Name: "D", Mean: 0.01 * float64(1+len(run.Warnings))}}
			run.Faults = []counts.Fault{
				{Target: "A", Kind: "delay", Asked: 1, Delivered: 0.5, Injected: 5, Interactions: 10, AskedSeconds: 5, DeliveredSeconds: 10},
				{Target: "B", Kind: "outage", Window: window, DeliveredWindow: window},
			}
			run.Impacts = []result.Impact{{Faults: []string{"B"}, Window: *window}}
			run.Policies = []counts.Policy{{Consumer: "D", Need: "A", Statistic: policy.Statistic{Calls: 10, Tries: 15, Retries: 5}, Amplification: 1.5}}
			run.Capacities = []counts.Capacity{{Service: "A", Workers: 4, Queue: 2, Arrived: 10, Queued: 2, LongestQueue: 2, WaitedSeconds: 1}}
			run.StorageBytes, run.CopyBytes = map[string]int64{"A": 100, "D": 50}, map[string]int64{"D": 50}
			run.Events, run.LateReplies, run.DeadLetters, run.LostChanges, run.UnseenChanges = 12_000, 1, 2, 3, 4
			run.EventsPerRequest, run.CPUSecondsPer1000 = 6, 1.5
			run.ComparedRows, run.Attached, run.LogLosses = 300, 1, 5
			run.Comparison = &result.Comparison{OwnerRows: 300, ReplicaRows: 300, Differing: 1, Lost: 2, Explained: []result.Explained{{Fault: "bus:drop=1%", Rows: 3}}, NotCompared: "A has no control"}
			run.Bootstraps = []counts.Bootstrap{{Service: "D", Owner: "A", Events: 10}}
			run.Processes = []result.Process{{Name: "driver", Starts: 1, CPUSecondsPer1000: 1}, {Name: "A", Starts: 2, Served: []int64{5}}}
			run.GC = &result.GC{Percent: 100, Cycles: 1, Pauses: 2}
			run.Warnings = []string{"something"}
			run.Verdict = result.Interrupted
		}
	}
	_, run := merged(t, part(1, 0.005, fill), part(2, 0.005, fill))
	left := map[string]bool{"Predicted": true, "Impacts": true, "GC": true, "Attached": true, "Processes": true, "ID": true,
		"MaxResidentBytes": true, "Silences": true}
	v := reflect.ValueOf(run.Run)
	for i := range v.NumField() {
		name, empty := v.Type().Field(i).Name, v.Field(i).IsZero() || v.Field(i).Kind() == reflect.Slice && v.Field(i).Len() == 0
		if empty != left[name] {
			t.Errorf("%s is merged: %v", name, !empty)
		}
	}
	if run.Verdict != result.Interrupted || run.WarmUp.Due != 8 || run.Writes.Acknowledged != 10 || run.Writes.Failures["INTERNAL"] != 2 || run.Events != 24_000 || run.ComparedRows != 600 ||
		run.EventsPerRequest != 6 || math.Abs(run.CPUSecondsPer1000-1.5) > 1e-12 || run.StorageBytes["A"] != 200 || run.Environment.Cores != 4 || run.Environment.Go != "go1.26" {
		t.Errorf("%+v", run.Run)
	}
	want := result.Comparison{
		OwnerRows: 600, ReplicaRows: 600, Differing: 2, Lost: 4, NotCompared: "A has no control",
		Explained: []result.Explained{{Fault: "bus:drop=1%", Rows: 3}, {Fault: "bus:drop=1%", Rows: 3}},
	}
	if !reflect.DeepEqual(*run.Comparison, want) {
		t.Errorf("comparison %+v, want %+v", run.Comparison, want)
	}
	if f := run.Faults[0]; f.Interactions != 20 || f.Delivered != 0.5 || f.MeanDeliveredSeconds != 2 || f.Low < 0.29 || f.Low > 0.31 {
		t.Errorf("fault %+v", f)
	}
	if p := run.Policies[0]; p.Calls != 20 || p.Amplification != 1.5 {
		t.Errorf("policy %+v", p)
	}
	if c := run.Capacities[0]; c.Workers != 4 || c.LongestQueue != 2 || c.MeanWait != 0.5 {
		t.Errorf("capacity %+v", c)
	}
	last := run.Warnings[len(run.Warnings)-1]
	if !strings.HasSuffix(run.Warnings[0], "/a/sync: something") || !strings.Contains(last, "impacts") || !strings.Contains(run.Warnings[3], "process") || !strings.Contains(run.Warnings[2], "merged from 2 runs:") ||
		!strings.Contains(run.Warnings[2], "sync (seed 1, second 0)") {
		t.Errorf("warnings %q", run.Warnings)
	}
}

// What a part did not compare is said of the whole, unless its driver was attached to what
// another one compares.
func TestMergeSaysWhatWasNotCompared(t *testing.T) {
	compared := result.Comparison{OwnerRows: 300}
	for name, c := range map[string]struct {
		second   result.Comparison
		attached int
		want     result.Comparison
	}{
		"interrupted":  {result.Comparison{NotCompared: "interrupted"}, 0, result.Comparison{OwnerRows: 300, NotCompared: "A has no control; interrupted"}},
		"the same":     {result.Comparison{OwnerRows: 1, NotCompared: "A has no control"}, 0, result.Comparison{OwnerRows: 301, NotCompared: "A has no control"}},
		"the attached": {result.Comparison{NotCompared: "the driver that prepared the nodes compares them"}, 1, result.Comparison{OwnerRows: 300, NotCompared: "A has no control"}},
	} {
		first := compared
		first.NotCompared = "A has no control"
		_, run := merged(t,
			part(1, 0.005, func(r *resulttest.Run) { r.Change = func(run *result.Run) { run.Comparison = &first } }),
			part(2, 0.005, func(r *resulttest.Run) {
				r.Change = func(run *result.Run) { run.Comparison, run.Attached = &c.second, c.attached }
			}))
		if !reflect.DeepEqual(*run.Comparison, c.want) {
			t.Errorf("%s: %+v, want %+v", name, *run.Comparison, c.want)
		}
	}
}

func TestWhatDoesNotBelongTogetherIsRefused(t *testing.T) {
	dir := t.TempDir()
	a := resulttest.Write(t, filepath.Join(dir, "a"), part(1, 0.005, nil))
	for name, c := range map[string]struct {
		change func(*resulttest.Run)
		want   string
	}{
		"scenario":   {func(r *resulttest.Run) { r.Scenario = "monolith" }, "merge runs of one scenario"},
		"experiment": {func(r *resulttest.Run) { r.Rate = 300 }, "are different experiments: rate is 100/s and 300/s"},
		"apart":      {func(r *resulttest.Run) { r.Started = resulttest.Start.Add(2 * time.Hour) }, "no one load"},
	} {
		b := resulttest.Write(t, filepath.Join(dir, name), part(2, 0.005, c.change))
		refusedWith(t, []string{a, b}, filepath.Join(dir, "out"), c.want)
	}
	refusedWith(t, []string{a, a}, filepath.Join(dir, "out"), "is named twice")
	refusedWith(t, []string{a}, filepath.Join(dir, "out"), "at least two")
}

// A run counts once: neither its copy, nor a merged run that it is in, adds to it. Of
// files from before there were ids, the start tells.
func TestARunCountsOnce(t *testing.T) {
	dir := t.TempDir()
	write := func(name, id string, seed uint64, attached int) string {
		return resulttest.Write(t, filepath.Join(dir, name), resulttest.Run{
			Scenario: "sync", Seed: seed, Seconds: 1, Rows: resulttest.Rows(10, 1, func(int) time.Duration { return time.Millisecond }),
			Change: func(r *result.Run) { r.ID, r.Attached = id, attached },
		})
	}
	a, b, c := write("a", "a", 1, 0), write("b", "b", 1, 0), write("c", "c", 1, 0)
	refusedWith(t, []string{a, b, write("copy of a", "a", 1, 0)}, filepath.Join(dir, "out"), "hold the same run, which would count twice")
	ab := filepath.Join(dir, "ab")
	run, err := Merge([]string{a, b}, ab)
	if err != nil || !slices.Equal(run.Parts, []string{"a", "b"}) || run.ID != "" {
		t.Fatalf("%v, %+v", err, run)
	}
	refusedWith(t, []string{ab, b}, filepath.Join(dir, "out"), "hold the same run")
	abc := filepath.Join(dir, "abc")
	if run, err = Merge([]string{ab, c}, abc); err != nil || !slices.Equal(run.Parts, []string{"a", "b", "c"}) || run.Requests.Sent != 30 {
		t.Fatalf("%v, %+v", err, run)
	}
	refusedWith(t, []string{abc, a}, filepath.Join(dir, "out"), "hold the same run")

	old := write("old", "", 1, 0)
	refusedWith(t, []string{old, write("copy of old", "", 1, 0)}, filepath.Join(dir, "out"), "hold the same run")
	if _, err := Merge([]string{old, write("another driver", "", 1, 1), write("another seed", "", 2, 0)}, filepath.Join(dir, "drivers")); err != nil {
		t.Error(err)
	}
}

func refusedWith(t *testing.T, folders []string, out, want string) {
	t.Helper()
	_, err := Merge(folders, out)
	var refused *compare.Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want %q", err, want)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder is left")
	}
}

// The answers to attached drivers do not thin out the share of those that are stale.
func TestStaleShareIsOfTheJudged(t *testing.T) {
	attached := func(r *resulttest.Run) {
		for i := range r.Rows {
			r.Rows[i].Judgement, r.Rows[i].Staleness = result.Unjudged, 0
		}
	}
	_, run := merged(t, part(1, 0.005, nil), part(2, 0.005, attached))
	if run.Answers.Unjudged != 1980 || run.Judged() != 1980 || run.Answers.Stale != 40 {
		t.Errorf("%d judged, answers %+v", run.Judged(), run.Answers)
	}
	if want := 40.0 / 1980; run.StaleRate.Value != want {
		t.Errorf("%v are stale, and not %v", run.StaleRate.Value, want)
	}
}
