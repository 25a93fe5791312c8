package stats

import "math"

// Quantile returns the q-quantile of sorted samples by the nearest rank: the
// smallest sample that at least a share q of them does not exceed. It is NaN of
// none. q is in [0, 1].
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := int(math.Ceil(q*float64(len(sorted)) - 1e-9))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// QuantileRanks returns between which shares of n samples, in order, their
// q-quantile lies with 95 % confidence, whatever their distribution: q is a
// share, so it is the score interval of one. Both are in [0, 1].
//
// Source: H. A. David and H. N. Nagaraja, "Order Statistics", 3rd ed. (2003),
// section 7.1, with Wilson's interval for the binomial one.
func QuantileRanks(q float64, n int64) (low, high float64) {
	return Wilson(int64(math.Round(q*float64(n))), n)
}
