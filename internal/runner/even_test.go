package runner

import (
	"testing"

	"crosstalk/internal/counts"
	"crosstalk/internal/result"
)

func TestEvenAfter(t *testing.T) {
	steady := []int64{100, 100, 100, 100, 100, 100}
	for name, c := range map[string]struct {
		copies     [][]int64
		end, until float64
		want       float64
		even       bool
	}{
		"at once":                 {[][]int64{steady, {100, 0, 100, 100, 100, 100}}, 2, 6, 0, true},
		"within the end's second": {[][]int64{steady, {100, 0, 100, 100, 100, 100}}, 2.5, 6, 0, true},
		"two seconds late":        {[][]int64{steady, {100, 0, 0, 50, 100, 90}}, 2, 6, 2, true},
		"after a fraction":        {[][]int64{steady, {100, 0, 0, 50, 100, 90}}, 2.25, 6, 1.75, true},
		"even only meanwhile":     {[][]int64{steady, {100, 0, 100, 0, 100, 100}}, 2, 6, 2, true},
		"never":                   {[][]int64{steady, {100, 0, 0, 0, 0, 0}}, 2, 6, 4, false},
		"until the next window":   {[][]int64{steady, {100, 0, 100, 100, 0, 0}}, 2, 4, 0, true},
		"nothing at all":          {[][]int64{{100, 0, 0}, {100, 0, 0}}, 1, 3, 2, false},
		"of three":                {[][]int64{steady, steady, {100, 0, 0, 100, 100, 100}}, 2, 6, 1, true},
		"ended too soon":          {[][]int64{{100, 0}, {100}}, 1, 3, 2, false},
		"in the first second":     {[][]int64{steady, steady}, 0.5, 6, 0, true},
		"in the last one":         {[][]int64{steady, {100, 0, 0, 0, 0, 100}}, 2, 6, 3, true},
		"within a fifth":          {[][]int64{{1200, 1200}, {800, 800}}, 0, 2, 0, true},
		"beyond it":               {[][]int64{{1201, 1201}, {799, 799}}, 0, 2, 2, false},
		"what chance makes of it": {[][]int64{{10, 10, 13}, {10, 10, 7}}, 1, 3, 0, true},
	} {
		if got, even := evenAfter(c.copies, c.end, c.until); got != c.want || even != c.even {
			t.Errorf("%s: even after %v s (%v), want %v (%v)", name, got, even, c.want, c.even)
		}
	}
}

// Where a service is asked nothing, as the owner of what is copied, no load can be even.
func TestServedByNobody(t *testing.T) {
	idle := []result.Process{{Name: "A"}, {Name: "A/1"}, {Name: "D", Served: []int64{100}}}
	if got := servedBy(idle, "A"); got != nil {
		t.Errorf("%v, want none", got)
	}
	idle[1].Served = []int64{100}
	if got := servedBy(idle, "A"); len(got) != 2 {
		t.Errorf("%v, want both copies", got)
	}
}

// Each window in which an instance of several is killed or stopped says when their load
// was even again, as far as the next window; no other one does.
func TestEvenAfterEachWindow(t *testing.T) {
	r := &run{experiment: ask(t, "placement", "process", "store", "sqlite", "replicas", "D=2", "duration", "10s",
		"fault", "D:kill@2s+1s; D:stop@5s+1s; A:outage@6s+1s; A:kill@8s+1s")}
	window := func(start float64) result.Impact {
		return result.Impact{Window: counts.Window{StartSeconds: start, LengthSeconds: 1}}
	}
	out := &result.Run{
		MeasuredSeconds: 10, Impacts: []result.Impact{window(2), window(5), window(6), window(8)},
		Processes: []result.Process{
			{Name: "D", Served: []int64{50, 50, 100, 100, 50, 100, 50, 50, 50, 50}}, {Name: "D/1", Served: []int64{50, 50, 0, 0, 50, 0, 50, 50, 50, 50}},
			{Name: "A", Served: []int64{100}},
		},
	}
	r.fillEven(out)
	type even struct {
		copies int64
		after  float64
		even   bool
	}
	for i, want := range []even{{2, 1, true}, {2, 0, false}, {}, {}} {
		if w := out.Impacts[i]; (even{w.Copies, w.EvenAfter, w.Even}) != want {
			t.Errorf("window %d: %+v, want %+v", i, w, want)
		}
	}
}
