package compare

import (
	"math"
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

// figured are runs that have the figure each: events and CPU time a request, where it is
// not below 0, and share of errors.
func figured(all ...float64) (runs []Run) {
	for _, f := range all {
		r := result.Run{EventsPerRequest: f, CPUSecondsPer1000: max(f, 0)}
		r.Requests.Sent, r.ErrorRate.Value = 10, f
		runs = append(runs, Run{"", &result.Loaded{Run: r}})
	}
	return runs
}

// The interval of the change is the shift's, as a ratio of the old median, of a share the
// difference; what a comparison could see is half of it. Of few runs, or where one side
// does not know the figure, nothing is tested.
func TestRunByRun(t *testing.T) {
	few, many, none := figured(1, 2, 3, 4), figured(11, 12, 13, 14), figured(-1, -1, -1, -1)
	for name, c := range map[string]struct {
		metric   string
		old, new []Run
		want     Delta // without P
		n        [2]int64
	}{
		"events":           {"events", few, many, Delta{Known: true, Tested: true, Change: 4, Low: 2.8, High: 5.2, Seen: 1.2}, [2]int64{4, 4}},
		"a share":          {"errors", few, many, Delta{Known: true, Tested: true, Change: 10, Low: 7, High: 13, Seen: 3}, [2]int64{4, 4}},
		"from nothing":     {"events", figured(0, 0, 0, 0), figured(0, 0, 0, 2), Delta{Known: true, Tested: true, High: 2, Seen: 1}, [2]int64{4, 4}},
		"too few old":      {"events", few[:3], many, Delta{Known: true, Change: 5.25}, [2]int64{3, 4}},
		"too few new":      {"events", few, many[:3], Delta{Known: true, Change: 3.8}, [2]int64{4, 3}},
		"not known before": {"cpu", none, many, Delta{Change: math.NaN()}, [2]int64{0, 4}},
		"not known now":    {"cpu", few, none, Delta{Change: -1}, [2]int64{4, 0}},
	} {
		m, err := metric.ByName(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		r := byRun(m, c.old, c.new)
		d := r.Delta
		for _, x := range [][2]float64{{d.Change, c.want.Change}, {d.Low, c.want.Low}, {d.High, c.want.High}, {d.Seen, c.want.Seen}} {
			if !(math.Abs(x[0]-x[1]) < 1e-12 || math.IsNaN(x[0]) && math.IsNaN(x[1])) {
				t.Errorf("%s: %v, want %v of %+v", name, x[0], x[1], c.want)
			}
		}
		if d.Known != c.want.Known || d.Tested != c.want.Tested || r.N != c.n {
			t.Errorf("%s: %+v, n %v", name, d, r.N)
		}
	}
}

// What the bootstrap was asked of counts samples where it tested them, and runs
// otherwise; a figure that one side does not know has not changed by all of it.
func TestRowsOfOneRunEach(t *testing.T) {
	errors, _ := metric.ByName("errors")
	cpu, _ := metric.ByName("cpu")
	p := &pool{old: newBlocks(), new: newBlocks()}
	p.old.grow(1, 1, 1)
	p.new.grow(1, 1, 1)
	p.old.sent[0], p.new.sent[0] = 5, 7
	old, new := figured(0.25), figured(0.5)
	for tested, n := range map[bool][2]int64{true: {5, 7}, false: {1, 1}} {
		if r := row(errors, old, new, resampled{delta: Delta{Tested: tested}}, p); r.N != n || !r.Delta.Known || r.Delta.Change != 0.25 {
			t.Errorf("tested %v: n %v, %+v", tested, r.N, r.Delta)
		}
	}
	if r := row(cpu, old, figured(-1), resampled{}, p); r.Delta.Known || r.N != [2]int64{1, 1} {
		t.Errorf("known on one side: n %v, %+v", r.N, r.Delta)
	}
}

// Several runs together have the interval of the order statistics of all their samples.
func TestValueOfSeveralRuns(t *testing.T) {
	b := newBlocks()
	b.grow(1, 1, 1)
	for i := range 100 {
		b.add("latency", float64(i+1)/1000, 1, 0)
	}
	median, _ := metric.ByName("latency.p50")
	s, _ := statisticOf("latency.p50")
	low, high := s.interval(b)
	if v := valueOf(median, figured(1, 2), 0.05, b); v.Low != low || v.High != high || v.Value != 0.05 || !(low < 0.05 && 0.05 < high) {
		t.Errorf("%+v, want [%v, %v]", v, low, high)
	}
}

// Differences are in the order of their names, and no value fills the line.
func TestDifferencesInWords(t *testing.T) {
	run := func(text string) result.Run { return result.Run{Experiment: resulttest.Asked(text)} }
	all := Settings(run(`{"rate":"100","duration":"1s","seed":"1"}`), run(`{"rate":"200","duration":"2s","seed":"2"}`))
	if want := []Difference{{"duration", "1s", "2s"}, {"rate", "100/s", "200/s"}}; !slices.Equal(all, want) {
		t.Errorf("%q", all)
	}
	long := strings.Repeat("ä", 80)
	if got, want := InWords([]Difference{{"a", "", long}, {"b", long + "ä", "1"}}), "a is none and "+long+"; b is "+long[:2*79]+"… and 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
