package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// Rank returns the nearest rank of the q-quantile of n values: the smallest number of
// them that is at least a share q, from 1 to n. Of 1289 values the 99th percentile is
// number 1277. It is 0 of none. q is in [0, 1].
func Rank(q float64, n int64) int64 {
	exact := q * float64(n)
	rank := int64(math.Ceil(exact - exact*1e-12)) // 99.9 % of 1000 is 999, and a hair more
	return min(max(rank, 1), n)
}

// Quantile returns the q-quantile of sorted samples by the nearest rank. It is NaN of
// none. q is in [0, 1].
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[Rank(q, int64(len(sorted)))-1]
}

// QuantileRanks returns between which of n independent samples, by their rank from 1 to
// n, the q-quantile of what they are drawn from lies with at least 95 % confidence,
// whatever its distribution: on each side it lies beyond in at most 2.5 % of the cases.
// An end that no sample can bound so surely is open: low is then 0, high n+1. q is in
// (0, 1).
//
// Source: H. A. David and H. N. Nagaraja, "Order Statistics", 3rd ed. (2003), section
// 7.1, with the binomial distribution itself and not its normal approximation: of 24
// samples the largest bounds the 99th percentile above in 21 % of the cases. Values that
// come several times, as in a histogram, only make it surer (H. Scheffé and J. W. Tukey,
// "Non-parametric estimation", Annals of Mathematical Statistics 16 (1945), 187-192).
func QuantileRanks(q float64, n int64) (low, high int64) {
	// Number k lies above the quantile where fewer than k samples do not.
	first := sort.Search(int(n), func(k int) bool { return binomialCDF(int64(k), n, q) > eachTail })
	// It lies below where at least k samples do.
	last := sort.Search(int(n), func(k int) bool { return 1-binomialCDF(int64(k), n, q) <= eachTail })
	return int64(first), int64(last) + 1
}

// eachTail is the share of the cases on each side of a 95 % interval.
const eachTail = 0.025

// binomialCDF returns P(X ≤ k) of a binomial X of n trials, by the incomplete beta
// function. k is in [0, n].
func binomialCDF(k, n int64, p float64) float64 {
	if k >= n {
		return 1
	}
	return mathext.RegIncBeta(float64(n-k), float64(k+1), 1-p)
}
