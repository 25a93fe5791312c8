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

// At the bound, and just beside it, each operator holds as it reads.
func TestRuleAtTheBound(t *testing.T) {
	for operator, want := range map[string][3]bool{ // below, at and above the bound
		"<": {true, false, false}, "<=": {true, true, false}, ">": {false, false, true}, ">=": {false, true, true},
		"==": {false, true, false}, "!=": {true, false, true},
	} {
		for i, value := range []float64{math.Nextafter(3, 0), 3, math.Nextafter(3, 4)} {
			if got := (Threshold{Operator: operator, Bound: 3}).rule(value); (got == Held) != want[i] || got != Held && got != Crossed {
				t.Errorf("%v %s 3 is %v", value, operator, got)
			}
		}
	}
}

// An open end leaves undecided what it could cross, and nothing else; what is crossed
// stays so.
func TestDecideWithOpenEnds(t *testing.T) {
	below := metric.Value{Value: 5, Low: math.Inf(-1), High: 6, Known: true}
	above := metric.Value{Value: 5, Low: 4, High: math.Inf(1), Known: true}
	for _, c := range []struct {
		operator     string
		bound        float64
		below, above Ruling
	}{
		{"<", 7, Held, Undecided}, {"<=", 5, Held, Undecided}, {"<", 5, Crossed, Crossed},
		{">", 3, Undecided, Held}, {">=", 5, Undecided, Held}, {">", 5, Crossed, Crossed},
		{"==", 5, Undecided, Undecided}, {"==", 6, Crossed, Crossed}, {"!=", 9, Undecided, Undecided},
	} {
		one := Threshold{Operator: c.operator, Bound: c.bound}
		for _, open := range []struct {
			of   metric.Value
			want Ruling
		}{{below, c.below}, {above, c.above}} {
			got, why := one.decide(open.of.Value, open.of)
			if got != open.want || (why == "not decidable: too few samples") != (got == Undecided) {
				t.Errorf("5 in [%v, %v] %s %v is %v %q, want %v", open.of.Low, open.of.High, c.operator, c.bound, got, why, open.want)
			}
		}
	}
}

// A change is held against the bound with its interval; what may be noise counts as no
// change, and what cannot be told is skipped, with the reason.
func TestRegressionTellsWhy(t *testing.T) {
	p99 := "regression.p(99)<5%"
	known := metric.Value{Value: 1, Known: true}
	tested := compare.Delta{Change: 0.06, Known: true, Tested: true, P: 0.001, Low: 0.04, High: 0.08}
	noise := tested
	noise.P = 0.3
	better := compare.Delta{Change: -0.06, Known: true, Tested: true, P: 0.001, Low: -0.08, High: -0.04}
	plain := compare.Delta{Change: 0.06, Known: true}
	open := metric.Value{Value: 1, Low: math.Inf(-1), High: 1, Known: true}
	for name, c := range map[string]struct {
		text  string
		row   compare.Row
		want  Ruling
		why   string
		value metric.Value
	}{
		"tested":            {p99, compare.Row{Old: known, New: known, Delta: tested}, Crossed, "", metric.Value{Value: 0.06, Low: 0.04, High: 0.08, Known: true}},
		"noise":             {p99, compare.Row{Old: known, New: known, Delta: noise}, Held, "not significant", metric.Value{Value: 0.06, Low: 0.04, High: 0.08, Known: true}},
		"noise is no gain":  {"regression.p(99)<-1%", compare.Row{Old: known, New: known, Delta: noise}, Crossed, "not significant", metric.Value{Value: 0.06, Low: 0.04, High: 0.08, Known: true}},
		"less throughput":   {"regression.throughput<5%", compare.Row{Metric: metric.Metric{MoreIsBetter: true}, Old: known, New: known, Delta: better}, Crossed, "", metric.Value{Value: 0.06, Low: 0.04, High: 0.08, Known: true}},
		"untested":          {p99, compare.Row{Old: known, New: known, Delta: plain}, Crossed, "", metric.Value{Value: 0.06, Low: 0.06, High: 0.06, Known: true}},
		"untested, of few":  {"regression.p(99)<9%", compare.Row{Old: open, New: known, Delta: plain}, Undecided, "not decidable: too few samples", metric.Value{Value: 0.06, Low: math.Inf(-1), High: math.Inf(1), Known: true}},
		"nothing before":    {p99, compare.Row{New: known}, Skipped, "there was nothing of it before", metric.Value{}},
		"nothing now":       {p99, compare.Row{Old: known}, Skipped, "there are no samples of it", metric.Value{}},
		"of another metric": {"regression.lag.max<5%", compare.Row{Old: known, New: known, Delta: tested}, Skipped, "there are no samples of it", metric.Value{}},
	} {
		one := parsed(t, c.text)[0]
		if c.row.Metric.Name = one.Metric.Name; strings.Contains(c.text, "lag") {
			c.row.Metric.Name = "latency.p99"
		}
		s := compare.Scenario{Name: "sync", Rows: []compare.Row{c.row}, New: []compare.Run{{Loaded: &result.Loaded{Run: result.Run{MeasuredSeconds: 7}}}}}
		o := one.regression(s)
		if o.Ruling != c.want || o.Why != c.why || o.Value != c.value || o.Of != "sync" || o.Seconds != 7 {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// In a comparison each new run is held against the bounds of figures, by its number
// where there are several, and each scenario once against those of regressions.
func TestCompared(t *testing.T) {
	run := func(scenario string, took time.Duration) compare.Run {
		return compare.Run{Loaded: loaded(t, resulttest.Run{Scenario: scenario, Seconds: 2,
			Rows: resulttest.Rows(100, 2, func(int) time.Duration { return took })})}
	}
	c := &compare.Comparison{Scenarios: []compare.Scenario{
		{Name: "sync", New: []compare.Run{run("sync", time.Millisecond), run("sync", time.Second)}},
		{Name: "monolith", New: []compare.Run{run("monolith", time.Millisecond)}},
	}}
	var got []string
	for _, o := range Compared(parsed(t, "p(50)<0.5s", "sync:regression.p(99)<5%"), c) {
		got = append(got, o.Of+" "+o.Threshold.Text+" "+[]string{"held", "crossed", "skipped", "undecided"}[o.Ruling])
	}
	want := "sync #1 p(50)<0.5s held, sync #2 p(50)<0.5s crossed, sync sync:regression.p(99)<5% skipped, monolith p(50)<0.5s held"
	if strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

// Bounds at the ends of what is allowed.
func TestParseAtTheEnds(t *testing.T) {
	for text, want := range map[string]float64{"max>=0s": 0, "errors<=100%": 1, "errors>=0": 0, "regression.p(99)<1": 1, "regression.p(99)<-100%": -1, "events<-2": -2} {
		if got, err := Parse(text); err != nil || got.Bound != want {
			t.Errorf("%s: %v, %v; want %v", text, got.Bound, err, want)
		}
	}
	for text, want := range map[string]string{
		"p(99)<Infs": "is no duration", "events<Inf": "is no number", "events<-Inf": "is no number", "events<x": "is no number",
		"regression.p(99)<NaN": "is no change", "regression.p(99)<x%": "is no change", "lag.nope<1s": "unknown metric",
		"zzzz<1": `unknown metric "zzzz": errors, stale, write_errors, throughput, events, cpu, or p(99), med, avg or max, of latency or with service_time., failed_latency., lateness., staleness., lag. before it`,
		"q9<1s":  "unknown metric", "99<1s": "unknown metric", "(99)<1s": "unknown metric",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
