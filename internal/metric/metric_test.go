package metric

import (
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/result"
)

// loaded is a run of n requests that take 1 ms, 2 ms and so on, the last ten of
// which fail, written to a folder and read back.
func loaded(t *testing.T, n int) *result.Loaded {
	t.Helper()
	folder, err := result.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := folder.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		due := time.Duration(i) * time.Millisecond
		recorder.Due(due)
		row := result.Row{ID: int64(i), Due: due, Sent: due, Done: due + time.Duration(i+1)*time.Millisecond, Judgement: result.Correct}
		if i >= n-10 {
			row.Code, row.Judgement = codes.Unavailable, result.Unjudged
		}
		recorder.Add(row)
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	run := &result.Run{Scenario: "sync", Verdict: result.OK, MeasuredSeconds: float64(n) / 1000, Environment: result.LocalEnvironment()}
	recorder.Fill(run)
	run.EventsPerRequest = 6
	run.Writes = result.Writes{Due: 30, Acknowledged: 19, Failed: 1}
	if err := folder.Write(run); err != nil {
		t.Fatal(err)
	}
	out, err := result.Load(folder.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOf(t *testing.T) {
	run := loaded(t, 1010)
	for name, want := range map[string]struct{ value, low, high float64 }{
		"latency.p50":  {0.5, 0.46, 0.54},
		"latency.p99":  {0.99, 0.98, 0.996},
		"latency.max":  {1, 1, 1},
		"latency.mean": {0.5005, 0.5005, 0.5005},
		"errors":       {10.0 / 1010, 0.0053, 0.0182},
		"stale":        {0, 0, 0.004},
		"write_errors": {0.05, 0.0089, 0.236},
		"events":       {6, 6, 6},
	} {
		m, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		v := m.Of(run)
		near := func(a, b float64) bool { return a-b < 0.01*(1+b) && b-a < 0.01*(1+b) }
		if !v.Known || !near(v.Value, want.value) || !near(v.Low, want.low) || !near(v.High, want.high) || v.Low > v.Value || v.High < v.Value {
			t.Errorf("%s is %+v, want about %+v", name, v, want)
		}
	}
	for _, name := range []string{"staleness.p99", "lag.max", "cpu"} {
		if m, err := ByName(name); err != nil || m.Of(run).Known {
			t.Errorf("%s is known: %+v, %v", name, m.Of(run), err)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	for _, name := range []string{"", "latency", "latency.99", "latency.p100", "latency.p0", "latency.pNaN", "p99", "errors.p50", "nope"} {
		if m, err := ByName(name); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is %v, error %v", name, m.Name, err)
		}
	}
}

func TestBetter(t *testing.T) {
	less, _ := ByName("latency.p50")
	more, _ := ByName("throughput")
	small, large, around := Value{1, 0.9, 1.1, true}, Value{2, 1.9, 2.1, true}, Value{1.5, 1, 2, true}
	if !less.Better(small, large) || less.Better(large, small) || less.Better(small, around) || less.Better(small, Value{}) {
		t.Error("less latency is better, beyond the intervals")
	}
	if !more.Better(large, small) || more.Better(small, large) || more.Better(small, Value{}) {
		t.Error("more throughput is better, where both are known")
	}
	if touches := (Value{1.5, 1.1, 1.9, true}); less.Better(small, touches) || less.Better(touches, large) || more.Better(touches, small) {
		t.Error("intervals that touch decide nothing")
	}
}

// Of nothing, no share is known.
func TestSharesOfNothing(t *testing.T) {
	for _, name := range []string{"errors", "stale", "write_errors", "cpu"} {
		m, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if v := m.Of(&result.Loaded{}); v.Known {
			t.Errorf("%s is %+v", name, v)
		}
	}
}

// An end is open where no sample bounds it, and on no other side.
func TestOpenEnds(t *testing.T) {
	inf := math.Inf(1)
	for v, want := range map[Value][2]bool{
		{1, 0, 2, true}: {}, {1, -inf, 2, true}: {true, false}, {1, 0, inf, true}: {false, true}, {1, inf, -inf, true}: {}, {1, -inf, inf, true}: {true, true},
	} {
		if v.OpenBelow() != want[0] || v.OpenAbove() != want[1] {
			t.Errorf("%+v: open below %v, above %v", v, v.OpenBelow(), v.OpenAbove())
		}
	}
}

// Each name has its unit, its direction and its figure, to the last digit.
func TestWhatIsExact(t *testing.T) {
	run := &result.Loaded{Run: result.Run{
		Requests: result.Requests{Sent: 1, Succeeded: 1, Throughput: 450}, EventsPerRequest: 6.5, CPUSecondsPer1000: 0.25,
		ServiceTime: result.Quantiles{Count: 1, Mean: 0.1, Max: 0.2},
	}}
	for name, want := range map[string]struct {
		unit  Unit
		more  bool
		value float64
	}{
		"throughput": {PerSecond, true, 450}, "events": {Number, false, 6.5}, "cpu": {Number, false, 0.25},
		"service_time.mean": {Seconds, false, 0.1}, "service_time.max": {Seconds, false, 0.2}, "errors": {Share, false, 0},
	} {
		m, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		v := m.Of(run)
		if m.Unit != want.unit || m.MoreIsBetter != want.more || v.Value != want.value || !v.Known || name != "errors" && (v.Low != want.value || v.High != want.value) {
			t.Errorf("%s: %+v, %+v", name, m, v)
		}
	}
	if m, _ := ByName("latency.max"); m.Of(run).Known {
		t.Error("the largest of no latency is known")
	}
}

// A name that is nearly one is guessed; a figure that is none is said.
func TestUnknownNamesSayWhatIsKnown(t *testing.T) {
	for name, want := range map[string]string{
		"eror": `unknown metric "eror": did you mean errors?`, "latancy.p99": `unknown metric "latancy.p99": did you mean latency.p99?`,
		"zzzzzz": `unknown metric "zzzzzz": ` + Known, "latency.p100": `metric "latency.p100": "p100" is no percentile such as p99, nor max or mean`,
		"latency.99": `metric "latency.99": "99" is no percentile such as p99, nor max or mean`,
	} {
		if _, err := ByName(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", name, err, want)
		}
	}
}
