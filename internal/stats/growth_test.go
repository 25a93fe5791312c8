package stats

import (
	"math"
	"testing"
)

func close(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) }

func ofLaw(x []float64, law func(float64) float64) []float64 {
	var y []float64
	for _, v := range x {
		y = append(y, law(v))
	}
	return y
}

func TestGrowthOfLaws(t *testing.T) {
	x := []float64{1, 2, 4, 16, 64}
	g := GrowthOf(x, ofLaw(x, func(v float64) float64 { return 3 * math.Pow(v, 0.5) }))
	if !close(g.Exponent, 0.5) || !close(g.Low, 0.5) || !close(g.High, 0.5) || g.Straight || !close(g.At(9), 9) {
		t.Errorf("3·√x is %+v, of 9 it is %v", g, g.At(9))
	}
	g = GrowthOf(x, ofLaw(x, func(v float64) float64 { return 5 + 2*v }))
	if !g.Straight || !close(g.Fixed, 5) || !close(g.Each, 2) || g.LineError > 1e-9 || !close(g.Explained, 1) || !close(g.At(10), 25) {
		t.Errorf("5 + 2x is %+v, of 10 it is %v", g, g.At(10))
	}
	if g.Exponent < 0.5 || g.Exponent > 0.95 || g.Low >= g.Exponent || g.High <= g.Exponent {
		t.Errorf("5 + 2x is no power of x: %+v", g)
	}
}

// Neither part of a line is below 0, and it is then the best line without it.
func TestGrowthOfLineFromZero(t *testing.T) {
	g := GrowthOf([]float64{1, 2, 4}, []float64{1, 4, 16})
	// Of y = b·x, with weights 1/y²: Σ(x/y) / Σ(x²/y²) = (1 + 1/2 + 1/4) / (1 + 1/4 + 1/16).
	if g.Fixed != 0 || !close(g.Each, 1.75/1.3125) || g.Straight || !close(g.Exponent, 2) {
		t.Errorf("%+v", g)
	}
	g = GrowthOf([]float64{1, 2, 4}, []float64{4, 2, 1})
	// Of y = a: Σ(1/y) / Σ(1/y²).
	if g.Each != 0 || !close(g.Fixed, 1.75/1.3125) || !close(g.Exponent, -1) {
		t.Errorf("%+v", g)
	}
}

// The interval of a slope, by hand: of ln y = 0, 1, 1 and 2 at ln x = 0, 1, 2 and 3 the
// slope is 0.6, the residuals' squares sum up to 0.2, and the quantile is t(2) = 4.302653.
func TestGrowthInterval(t *testing.T) {
	var x, y []float64
	for i, v := range []float64{0, 1, 1, 2} {
		x, y = append(x, math.Exp(float64(i))), append(y, math.Exp(v))
	}
	g := GrowthOf(x, y)
	half := 4.302652729911275 * math.Sqrt(0.2/2/5)
	if !close(g.Exponent, 0.6) || !close(g.Low, 0.6-half) || !close(g.High, 0.6+half) {
		t.Errorf("%+v, want 0.6 ± %v", g, half)
	}
	if g := GrowthOf(x[:2], y[:2]); !close(g.Exponent, 1) || !math.IsNaN(g.Low) || !math.IsNaN(g.High) {
		t.Errorf("of two points: %+v", g)
	}
}
