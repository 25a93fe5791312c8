package runner

import (
	"testing"

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
