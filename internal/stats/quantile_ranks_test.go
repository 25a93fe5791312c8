package stats

import (
	"math"
	"testing"
)

// within returns P(from ≤ X < to) of a binomial X, added up term by term: what
// QuantileRanks does not go by.
func within(n int64, q float64, from, to int64) float64 {
	sum := 0.0
	for k := max(from, 0); k < min(to, n+1); k++ {
		sum += math.Exp(logChoose(n, k) + float64(k)*math.Log(q) + float64(n-k)*math.Log1p(-q))
	}
	return sum
}

// The quantile lies at or above number low and at or below number high where at least
// low and fewer than high samples lie below it. Each interval covers it in 95 % of the
// cases, no end is further out than it takes, and where one is open no sample would do.
func TestCoverageOfQuantileRanks(t *testing.T) {
	const slack = 1e-9 // of both sums' last digits
	sizes := []int64{400, 500, 736, 737, 999, 1000, 1289, 2500, 3688, 3689, 5000, 20_000}
	for n := int64(1); n <= 370; n++ {
		sizes = append(sizes, n)
	}
	closed := 0
	for _, q := range []float64{0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999} {
		for _, n := range sizes {
			low, high := QuantileRanks(q, n)
			if low < 0 || high > n+1 || low > Rank(q, n) || high < Rank(q, n) {
				t.Fatalf("q=%v n=%d: from %d to %d, around number %d", q, n, low, high, Rank(q, n))
			}
			below, above := within(n, q, 0, low), within(n, q, high, n+1)
			if below > eachTail+slack || above > eachTail+slack {
				t.Errorf("q=%v n=%d: it lies below number %d in %v of the cases, above number %d in %v", q, n, low, below, high, above)
			}
			if covered := within(n, q, low, high); covered < 0.95-slack {
				t.Errorf("q=%v n=%d: the interval covers it in %v of the cases", q, n, covered)
			}
			if within(n, q, 0, low+1) < eachTail-slack || within(n, q, high-1, n+1) < eachTail-slack {
				t.Errorf("q=%v n=%d: numbers %d and %d are further out than it takes", q, n, low, high)
			}
			if open := math.Pow(q, float64(n)) > eachTail; open != (high == n+1) {
				t.Errorf("q=%v n=%d: open above is %v", q, n, high == n+1)
			}
			if open := math.Pow(1-q, float64(n)) > eachTail; open != (low == 0) {
				t.Errorf("q=%v n=%d: open below is %v", q, n, low == 0)
			}
			if low > 0 && high <= n {
				closed++
			}
		}
	}
	if closed < 1000 {
		t.Errorf("only %d intervals are closed", closed)
	}
}

// As tables have them, which are of the binomial distribution: of 10 samples the median
// lies between the 2nd and the 9th.
func TestQuantileRanks(t *testing.T) {
	for _, c := range []struct {
		q         float64
		n         int64
		low, high int64
	}{
		{0.5, 5, 0, 6}, {0.5, 6, 1, 6}, {0.5, 10, 2, 9}, {0.5, 100, 40, 61}, {0.99, 24, 23, 25}, {0.99, 367, 359, 368}, {0.99, 368, 360, 368},
		{0.9, 100_000_000, 89_994_120, 90_005_881},
	} {
		if low, high := QuantileRanks(c.q, c.n); low != c.low || high != c.high {
			t.Errorf("%v of %d: numbers %d to %d, want %d to %d", c.q, c.n, low, high, c.low, c.high)
		}
	}
}

func TestRank(t *testing.T) {
	for _, c := range []struct {
		q       float64
		n, want int64
	}{{0.99, 1289, 1277}, {0.999, 1000, 999}, {0.99, 100, 99}, {0.99, 101, 100}, {0.5, 1, 1}, {0, 7, 1}, {1, 7, 7}, {0.5, 0, 0}, {0.07, 100, 7}, {0.9999, 100_000_000, 99_990_000}} {
		if got := Rank(c.q, c.n); got != c.want {
			t.Errorf("%v of %d is number %d, want %d", c.q, c.n, got, c.want)
		}
	}
}
