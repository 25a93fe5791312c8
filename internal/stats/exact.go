package stats

import "math"

// SignTest returns how likely a split of pairs as uneven as this one is, if either
// side is equally likely: the exact two-sided test of paired shares, where each
// pair is a request that failed on one side alone.
//
// Source: Q. McNemar, "Note on the sampling error of the difference between
// correlated proportions or percentages", Psychometrika 12 (1947), 153-157, with
// the binomial distribution for his approximation.
func SignTest(first, second int64) float64 {
	n := first + second
	return min(2*BinomialTail(max(first, second), n, 0.5), 1)
}

// FisherTest returns how likely shares as different as k1 of n1 and k2 of n2 are if
// both are the same: the exact two-sided test of independent ones, which adds up
// what is not likelier than what was seen.
//
// Source: R. A. Fisher, "Statistical Methods for Research Workers", 5th ed. (1934),
// section 21.02.
func FisherTest(k1, n1, k2, n2 int64) float64 {
	k, n := k1+k2, n1+n2
	log := func(i int64) float64 { return logChoose(n1, i) + logChoose(n2, k-i) - logChoose(n, k) }
	seen := log(k1) + 1e-7 // what is equally likely, but for its last digits
	sum := 0.0
	for i := max(0, k-n2); i <= min(k, n1); i++ {
		if at := log(i); at <= seen {
			sum += math.Exp(at)
		}
	}
	return min(sum, 1)
}
