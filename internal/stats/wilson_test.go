package stats

import (
	"fmt"
	"math"
	"testing"
)

// Table I of Newcombe (1998), method 3, to its four places.
func TestWilsonMatchesNewcombe(t *testing.T) {
	for _, c := range []struct {
		successes, n int64
		want         string
	}{
		{81, 263, "0.2553 0.3662"},
		{15, 148, "0.0624 0.1605"},
		{0, 20, "0.0000 0.1611"},
		{1, 29, "0.0061 0.1718"},
	} {
		low, high := Wilson(c.successes, c.n)
		if got := fmt.Sprintf("%.4f %.4f", low, high); got != c.want {
			t.Errorf("Wilson(%d, %d) = %s, want %s", c.successes, c.n, got, c.want)
		}
	}
}

func TestWilsonAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		successes, n int64
		low, high    float64
	}{
		{0, 0, 0, 1},
		{0, 1, 0, z975 * z975 / (1 + z975*z975)},
		{1, 1, 1 / (1 + z975*z975), 1},
		{0, 1_000_000_000, 0, z975 * z975 / (1e9 + z975*z975)},
		{math.MaxInt64, math.MaxInt64, 1, 1},
	} {
		low, high := Wilson(c.successes, c.n)
		if math.Abs(low-c.low) > 1e-15 || math.Abs(high-c.high) > 1e-15 {
			t.Errorf("Wilson(%d, %d) = %v, %v, want %v, %v", c.successes, c.n, low, high, c.low, c.high)
		}
	}
	if low, _ := Wilson(0, 7); low != 0 {
		t.Errorf("no success: the lower end is %v", low)
	}
	if _, high := Wilson(7, 7); high != 1 {
		t.Errorf("all successes: the upper end is %v", high)
	}
}

// The definition: each end is z975 of its own standard errors from the share seen.
func TestWilsonSolvesItsEquation(t *testing.T) {
	for _, n := range []int64{2, 10, 99, 12_345} {
		for s := int64(1); s < n; s += max(1, n/17) {
			seen := float64(s) / float64(n)
			low, high := Wilson(s, n)
			if !(low < seen && seen < high) {
				t.Fatalf("Wilson(%d, %d) = %v, %v is not around %v", s, n, low, high, seen)
			}
			for _, end := range []float64{low, high} {
				errors := math.Abs(seen-end) / math.Sqrt(end*(1-end)/float64(n))
				if math.Abs(errors-z975) > 1e-9 {
					t.Errorf("Wilson(%d, %d): end %v is %v standard errors away", s, n, end, errors)
				}
			}
		}
	}
}

func TestWilsonIsSymmetric(t *testing.T) {
	for s := range int64(51) {
		low, high := Wilson(s, 50)
		low2, high2 := Wilson(50-s, 50)
		if math.Abs(low-(1-high2)) > 1e-15 || math.Abs(high-(1-low2)) > 1e-15 {
			t.Errorf("%d and %d of 50: %v, %v and %v, %v", s, 50-s, low, high, low2, high2)
		}
	}
}
