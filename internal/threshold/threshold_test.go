package threshold

import (
	"math"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/compare"
	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]struct {
		scenario, metric, operator string
		bound                      float64
		regression                 bool
	}{
		"p(99)<50ms":                      {"", "latency.p99", "<", 0.05, false},
		"p99<=50ms":                       {"", "latency.p99", "<=", 0.05, false},
		" p( 99.9 ) < 1.5s ":              {"", "latency.p99.9", "<", 1.5, false},
		"latency.p(95)<50ms":              {"", "latency.p95", "<", 0.05, false},
		"med<5ms":                         {"", "latency.p50", "<", 0.005, false},
		"avg<5ms":                         {"", "latency.mean", "<", 0.005, false},
		"lag.max<1m":                      {"", "lag.max", "<", 60, false},
		"errors<1%":                       {"", "errors", "<", 0.01, false},
		"errors==0":                       {"", "errors", "==", 0, false},
		"errors===0":                      {"", "errors", "==", 0, false},
		"stale!=0":                        {"", "stale", "!=", 0, false},
		"sync:staleness.p(99)<200ms":      {"sync", "staleness.p99", "<", 0.2, false},
		"async-request: throughput > 450": {"async-request", "throughput", ">", 450, false},
		"throughput>=450/s":               {"", "throughput", ">=", 450, false},
		"events<6.5":                      {"", "events", "<", 6.5, false},
		"cpu<1e1":                         {"", "cpu", "<", 10, false},
		"regression.p(99)<5%":             {"", "latency.p99", "<", 0.05, true},
		"sync:regression.errors<0.5%":     {"sync", "errors", "<", 0.005, true},
		"regression.throughput<-0.1":      {"", "throughput", "<", -0.1, true},
		"regression.staleness.p(50)<200%": {"", "staleness.p50", "<", 2, true},
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got.Scenario != want.scenario || got.Metric.Name != want.metric || got.Operator != want.operator ||
			got.Bound < want.bound-1e-12 || got.Bound > want.bound+1e-12 || got.Regression != want.regression {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "has no <",
		"p(99)":                 "has no <",
		"p(99)=50ms":            "has no <",
		"p(99)!50ms":            "has no <",
		"<50ms":                 `unknown metric ""`,
		"p(99)<":                "there is no bound",
		"p(99)<50":              `"50" is no duration such as 50ms`,
		"p(99)<-50ms":           "is no duration",
		"p(99)<1%":              "is no duration",
		"p(99<50ms":             "has no closing bracket",
		"p(100)<50ms":           "is no percentile between 0 and 100",
		"p(0)<50ms":             "is no percentile between 0 and 100",
		"p(NaN)<50ms":           "is no percentile",
		"errors<1.5":            "is no share",
		"errors<50ms":           "is no share",
		"errors.p(99)<5ms":      `unknown metric "errors.p(99)"`,
		"eror<1%":               `unknown metric "eror": did you mean errors?`,
		"stalenes.max<1s":       `unknown metric "stalenes.max": did you mean staleness?`,
		"throughput>fast":       "is no rate",
		"events<NaN":            "is no number",
		":p(99)<5ms":            "there is no scenario before the colon",
		"regression.p(99)<50ms": `"50ms" is no change such as 5%`,
		"regression.p(99)<Inf":  "is no change",
		"p(99)<50ms<60ms":       "is no duration",
		"p(99)<<50ms":           "is no duration",
	} {
		got, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is %+v, error %v, want %q", text, got, err, want)
		}
	}
}

// FuzzParse looks for texts that are taken and make no sense, and for complaints
// that are no clear line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"p(99)<50ms", "sync:staleness.p(99)<=200ms", "errors<1%", "throughput>450", "regression.p(99.9)<5%", "a:b:c<=", "p()<<<", "events===1e400"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Parse(text)
		if err != nil {
			if err.Error() == "" || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("%q: %q is no line", text, err)
			}
			return
		}
		if got.Bound != got.Bound || got.Bound-got.Bound != 0 {
			t.Errorf("%q has the bound %v", text, got.Bound)
		}
		if m, err := metric.ByName(got.Metric.Name); err != nil || m.Name != got.Metric.Name {
			t.Errorf("%q has the metric %q, %v", text, got.Metric.Name, err)
		}
		again, err := Parse(got.Text)
		if err != nil || again.Bound != got.Bound || again.Metric.Name != got.Metric.Name || again.Operator != got.Operator {
			t.Errorf("%q, read again, is %+v, %v", text, again, err)
		}
	})
}

func parsed(t *testing.T, texts ...string) []Threshold {
	t.Helper()
	var all []Threshold
	for _, text := range texts {
		one, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	return all
}

func loaded(t *testing.T, r resulttest.Run) *result.Loaded {
	t.Helper()
	out, err := result.Load(resulttest.Write(t, t.TempDir(), r))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Of 1000 requests, number i takes i+1 ms, and 10 of them fail.
func TestCheck(t *testing.T) {
	rows := resulttest.Rows(100, 10, func(i int) time.Duration { return time.Duration(i+1) * time.Millisecond })
	for i := range 10 {
		resulttest.Fail(&rows[i*2])
	}
	run := loaded(t, resulttest.Run{Scenario: "sync", Seconds: 10, Rows: rows})
	for text, want := range map[string]Ruling{
		"p(50)<600ms": Held, "p(50)<400ms": Crossed, "max<=1s": Held, "max<1s": Crossed, "avg>300ms": Held,
		"errors<=1%": Held, "errors<1%": Crossed, "errors>=0.01": Held, "errors==1%": Held, "errors!=1%": Crossed,
		"throughput>80": Held, "throughput>100": Crossed,
		"staleness.p(99)<1ms": Skipped, "lag.max<1ms": Skipped, "cpu<1": Skipped, "failed_latency.max<20ms": Held,
	} {
		out := Check(parsed(t, text), "sync", run)
		if len(out) != 1 || out[0].Ruling != want || out[0].Seconds != 10 || want == Skipped && out[0].Why == "" {
			t.Errorf("%s: %+v, want %v", text, out, want)
		}
	}
	if out := Check(parsed(t, "monolith:p(50)<1ms", "regression.p(50)<1%"), "sync", run); len(out) != 0 {
		t.Errorf("what does not speak of it is held against it: %+v", out)
	}
}

// A run of which nothing succeeded holds no bound of what a success is.
func TestNothingMeasuredCrosses(t *testing.T) {
	rows := resulttest.Rows(10, 2, func(int) time.Duration { return time.Millisecond })
	for i := range rows {
		resulttest.Fail(&rows[i])
	}
	run := loaded(t, resulttest.Run{Scenario: "sync", Seconds: 2, Rows: rows})
	for _, o := range Runs(parsed(t, "p(99)<1s", "stale<1%", "service_time.max<1s"), []*result.Loaded{run}) {
		if o.Ruling != Crossed || o.Why != "nothing was measured" {
			t.Errorf("%s: %+v", o.Threshold.Text, o)
		}
	}
}

// Of 24 requests the largest is no bound of the 99th percentile: a threshold that holds
// is undecided where more samples could cross it, and one that is crossed stays so.
func TestTooFewSamplesDecideNothing(t *testing.T) {
	few := loaded(t, resulttest.Run{Scenario: "sync", Seconds: 1, Rows: resulttest.Rows(24, 1, func(i int) time.Duration { return time.Duration(i+1) * time.Millisecond })})
	for text, want := range map[string]Ruling{
		"p(99)<1s": Undecided, "p(99)<=24ms": Undecided, "p(99.999)<1s": Undecided, "p(99)<24ms": Crossed, "p(99)>1ms": Held, "p(99)>1s": Crossed,
		"p(99)!=1s": Undecided, "p(1)>1us": Undecided, "p(1)<1s": Held, "p(50)<1s": Held, "p(50)>1ms": Held, "max<1s": Held, "errors<1%": Held,
	} {
		o := Check(parsed(t, text), "sync", few)[0]
		if o.Ruling != want || (want == Undecided) != (o.Why != "") || o.Fails() != (want == Crossed || want == Undecided) {
			t.Errorf("%s: %+v, want %v", text, o, want)
		}
		if o.Threshold.AllowUndecided = true; o.Fails() != (want == Crossed) {
			t.Errorf("%s, where undecided ones are allowed, fails %v", text, o.Fails())
		}
	}
	enough := loaded(t, resulttest.Run{Scenario: "sync", Seconds: 4, Rows: resulttest.Rows(92, 4, func(int) time.Duration { return time.Millisecond })})
	if o := Check(parsed(t, "p(99)<1s"), "sync", enough)[0]; o.Ruling != Held {
		t.Errorf("of 368 requests: %+v", o)
	}
}

func regressed(t *testing.T, text string, r compare.Row) Outcome {
	t.Helper()
	one := parsed(t, text)[0]
	r.Metric = one.Metric
	r.Old.Known, r.New.Known = r.Delta.Known, true
	s := compare.Scenario{Name: "sync", Rows: []compare.Row{r}, New: []compare.Run{{Loaded: &result.Loaded{}}}}
	out := Compared([]Threshold{one}, &compare.Comparison{Scenarios: []compare.Scenario{s}})
	if len(out) != 1 {
		t.Fatalf("%+v", out)
	}
	return out[0]
}

func TestRegression(t *testing.T) {
	sure := func(change float64) compare.Row {
		return compare.Row{Delta: compare.Delta{Change: change, Known: true, Tested: true, P: 0.001, Low: change - 0.01, High: change + 0.01}}
	}
	noise := sure(0.5)
	noise.Delta.P = 0.2
	untested := compare.Row{Delta: compare.Delta{Change: 0.5, Known: true}}
	open := untested
	open.New.High = math.Inf(1)
	for _, c := range []struct {
		text string
		row  compare.Row
		want Ruling
	}{
		{"regression.p(99)<5%", sure(0.04), Held}, {"regression.p(99)<5%", sure(0.06), Crossed}, {"regression.p(99)<5%", sure(-0.5), Held},
		{"regression.throughput<5%", sure(0.5), Held}, {"regression.throughput<5%", sure(-0.06), Crossed},
		{"regression.p(99)<5%", open, Crossed}, {"regression.p(99)<60%", open, Undecided},
		{"regression.p(99)<5%", noise, Held}, {"regression.cpu<5%", untested, Crossed}, {"regression.lag.max<5%", compare.Row{}, Skipped},
	} {
		if o := regressed(t, c.text, c.row); o.Ruling != c.want {
			t.Errorf("%s of %+v: %+v", c.text, c.row.Delta, o)
		}
	}
}

func TestSpeaks(t *testing.T) {
	all := []string{"sync", "monolith"}
	if err := Speaks(parsed(t, "p(99)<1s", "sync:p(99)<1s"), []string{"sync"}, all); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"monolith:p(99)<1s": "monolith is not among the runs: sync", "synk:p(99)<1s": `unknown scenario "synk": did you mean sync?`,
		"xyz:p(99)<1s": `unknown scenario "xyz": sync`,
	} {
		if err := Speaks(parsed(t, text), []string{"sync"}, all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
