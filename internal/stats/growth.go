package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// Growth is how y grows with x, both above 0.
type Growth struct {
	// Exponent is b of y = a·x^b, by least squares on the logarithms; Low and High are
	// the ends of its 95 % interval, which holds what the points have of noise and of
	// not being a power of x. They are NaN of fewer than three points.
	Exponent, Low, High float64
	// Fixed and Each are those of y = Fixed + Each·x, by least squares on the relative
	// errors, neither below 0.
	Fixed, Each float64
	// Straight says that of the two laws this line is nearer to the points. LineError is
	// by which share of itself it is off the point that it is furthest from, Explained
	// which share of the variance of the logarithms it explains; at most 1.
	Straight             bool
	LineError, Explained float64

	factor float64 // a
}

// GrowthOf fits both laws to points, of which there are at least two with different x.
//
// Source: the regression of a line and the interval of its slope, N. R. Draper and
// H. Smith, "Applied Regression Analysis", 3rd ed. (1998), sections 1.2 and 1.4.
func GrowthOf(x, y []float64) Growth {
	u, v := logs(x), logs(y)
	a, b := stat.LinearRegression(u, v, nil, false)
	g := Growth{Exponent: b, Low: math.NaN(), High: math.NaN(), factor: math.Exp(a)}
	if n := len(x); n > 2 {
		spread := stat.Variance(u, nil) * float64(n-1)
		half := student(n-1).Quantile(0.975) * math.Sqrt(residuals(u, v, a, b)/float64(n-2)/spread)
		g.Low, g.High = b-half, b+half
	}
	g.Fixed, g.Each = straight(x, y)
	g.Straight = off(x, y, g.line) < off(x, y, g.power)
	g.Explained = 1 - off(x, y, g.line)/off(x, y, func(float64) float64 { return math.Exp(stat.Mean(v, nil)) })
	for i := range x {
		g.LineError = max(g.LineError, math.Abs(y[i]/g.line(x[i])-1))
	}
	return g
}

// At is what the nearer of the laws says of x.
func (g Growth) At(x float64) float64 {
	if g.Straight {
		return g.line(x)
	}
	return g.power(x)
}

func (g Growth) line(x float64) float64  { return g.Fixed + g.Each*x }
func (g Growth) power(x float64) float64 { return g.factor * math.Pow(x, g.Exponent) }

// off is the sum of the squared relative errors of a law, as logarithms.
func off(x, y []float64, law func(float64) float64) float64 {
	sum := 0.0
	for i := range x {
		d := math.Log(y[i] / law(x[i]))
		sum += d * d
	}
	return sum
}

// straight fits a line, each point weighed by the square of its y. Where one of its
// parts would be below 0, it is the best line without it.
func straight(x, y []float64) (fixed, each float64) {
	weights := make([]float64, len(x))
	var w, wy float64
	for i := range x {
		weights[i] = 1 / (y[i] * y[i])
		w += weights[i]
		wy += weights[i] * y[i]
	}
	fixed, each = stat.LinearRegression(x, y, weights, false)
	switch {
	case each < 0:
		return wy / w, 0
	case fixed < 0:
		_, each = stat.LinearRegression(x, y, weights, true)
		return 0, each
	}
	return fixed, each
}

func logs(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.Log(v)
	}
	return out
}

func residuals(u, v []float64, a, b float64) float64 {
	sum := 0.0
	for i := range u {
		d := v[i] - a - b*u[i]
		sum += d * d
	}
	return sum
}
