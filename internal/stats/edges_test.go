package stats

import (
	"math"
	"testing"
)

// Where there is too little to tell, nothing is told.
func TestTooLittleToTell(t *testing.T) {
	for _, c := range []struct {
		resamples []float64
		blocks    int
		want      float64
	}{{nil, 5, 1}, {[]float64{1, 2, 3}, 1, 1}, {[]float64{1, 2, 3}, 0, 1}} {
		if got := BootstrapP(c.resamples, 0, c.blocks); got != c.want {
			t.Errorf("%v of %d blocks: p = %v, want %v", c.resamples, c.blocks, got, c.want)
		}
	}
	far := make([]float64, 999)
	for i := range far {
		far[i] = 1 + float64(i)
	}
	if got := BootstrapP(far, 0, 2); !(got < 1) {
		t.Errorf("of two blocks, all on one side: p = %v", got)
	}
	if g := GrowthOf([]float64{1, 2}, []float64{3, 4}); !math.IsNaN(g.Low) || !math.IsNaN(g.High) {
		t.Errorf("two points lie on a line, and bound nothing: [%v, %v]", g.Low, g.High)
	}
}

func TestBinomialTailOfTheCertain(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		p    float64
		want float64
	}{{3, 3, 1, 1}, {0, 3, 0, 1}, {1, 3, 0, 0}, {4, 3, 1, 0}} {
		if got := BinomialTail(c.k, c.n, c.p); got != c.want {
			t.Errorf("at least %d of %d by %v: %v, want %v", c.k, c.n, c.p, got, c.want)
		}
	}
}

// What does not depend on x, x explains none of.
func TestGrowthExplainsNothing(t *testing.T) {
	g := GrowthOf([]float64{1, 2, 3, 4}, []float64{1, 2, 2, 1})
	if g.Explained > 0.1 {
		t.Errorf("it explains %v", g.Explained)
	}
}
