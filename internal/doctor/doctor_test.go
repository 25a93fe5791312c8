package doctor

import (
	"math"
	"strings"
	"testing"
	"time"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12+1e-9*math.Abs(b) }

func TestDetectable(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{0.001}, 0},
		// A standard deviation of √2 of two: 2.8 · √2 · √2 / √2.
		{[]float64{1, 3}, 2.8 * math.Sqrt2},
		// Of 1, 2, 3, 4, 5: s = √2.5, n = 5, so 2.8 · √2 · √(2.5 / 5) = 2.8.
		{[]float64{1, 2, 3, 4, 5}, 2.8},
		// All the same: the histogram's resolution is left, a thousandth of them.
		{[]float64{0.004, 0.004, 0.004}, 0.000004},
	} {
		if got := Detectable(c.values); !near(got, c.want) {
			t.Errorf("of %v, %v, want %v", c.values, got, c.want)
		}
	}
	// Four times as many blocks of the same spread halve it.
	few, many := []float64{1, 3, 1, 3}, []float64{}
	for range 4 {
		many = append(many, few...)
	}
	ratio := Detectable(many) / Detectable(few)
	if want := math.Sqrt(4.0/16) * math.Sqrt(16.0/15/(4.0/3)); !near(ratio, want) {
		t.Errorf("four times the blocks give %v of it, want %v", ratio, want)
	}
}

func TestTrusted(t *testing.T) {
	onTime := func(rate float64) Pace { return Pace{Rate: rate, Achieved: rate, P99: 0.0001} }
	late := Pace{Rate: 2000, Achieved: 2000, P99: 0.0101}
	behind := Pace{Rate: 2000, Achieved: 1979, P99: 0.0001}
	for name, c := range map[string]struct {
		pacing []Pace
		calls  float64
		want   float64
		limit  string
	}{
		"all are on time":           {[]Pace{onTime(100), onTime(1000)}, 40_000, 1000, "no rate"},
		"late from one on":          {[]Pace{onTime(1000), late, onTime(5000)}, 40_000, 1000, "late"},
		"fewer than due":            {[]Pace{onTime(1000), behind}, 40_000, 1000, "fewer"},
		"late at once":              {[]Pace{late, onTime(5000)}, 40_000, 0, "late"},
		"the cores are used before": {[]Pace{onTime(1000), onTime(50_000)}, 40_000, 36_000, "90 %"},
		"nothing was tried":         {nil, 40_000, 0, "no rate"},
	} {
		rate, limit := trusted(c.pacing, c.calls)
		if !near(rate, c.want) || !strings.Contains(limit, c.limit) {
			t.Errorf("%s: %v, %q; want %v, %q", name, rate, limit, c.want, c.limit)
		}
	}
}

func TestShareOfTheCores(t *testing.T) {
	before := usage{busy: 100 * time.Second, stolen: time.Second}
	after := usage{busy: 103 * time.Second, stolen: 1200 * time.Millisecond}
	got := share(time.Second, before, after, 2*time.Second, 2)
	if !got.Known || !near(got.Own, 0.25) || !near(got.Others, 0.5) || !near(got.Stolen, 0.05) {
		t.Errorf("%+v", got)
	}
	if got := share(time.Second, usage{}, usage{}, time.Second, 2); got != (CPU{}) {
		t.Errorf("what is not known is %+v", got)
	}
}

// The doctor with little time still looks at everything, and its conclusions follow
// from its figures. What they are is the machine's.
func TestExamine(t *testing.T) {
	r, err := Examine(t.Context(), time.Second, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Pacing) != len(Rates) || len(r.Sleeps) != 3 || len(r.Trips) != 5 || len(r.Blocks) != blocks {
		t.Errorf("%d rates, %d sleeps, %d trips, %d blocks", len(r.Pacing), len(r.Sleeps), len(r.Trips), len(r.Blocks))
	}
	for _, trip := range r.Trips {
		if trip.P50 <= 0 || trip.P99 < trip.P50 {
			t.Errorf("%+v", trip)
		}
	}
	for _, s := range r.Sleeps {
		if s.P50 < 0 || s.P99 < s.P50 {
			t.Errorf("%+v: a sleep was early", s)
		}
	}
	if r.DriverRate <= 0 || r.CallRate <= 0 {
		t.Errorf("limits %v and %v", r.DriverRate, r.CallRate)
	}
	if r.Conclusions != conclude(r) || r.Conclusions.SmallestP50 <= 0 {
		t.Errorf("%+v do not follow", r.Conclusions)
	}
	var text strings.Builder
	if err := r.Print(&text); err != nil {
		t.Fatal(err)
	}
	for _, heading := range []string{"PACING", "SLEEPS", "TRIPS", "LIMITS", "CPU", "WHAT THAT MEANS"} {
		if !strings.Contains(text.String(), heading) {
			t.Errorf("%s is not printed:\n%s", heading, &text)
		}
	}
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0s", 0.0000000904: "90ns", 0.0001234567: "123µs", 0.00123456: "1.23ms", 1.23456: "1.23s",
	} {
		if got := span(seconds); got != want {
			t.Errorf("%v is %q, want %q", seconds, got, want)
		}
	}
}
