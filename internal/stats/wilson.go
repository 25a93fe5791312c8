// Package stats is what may be concluded from counts and samples.
//
// Its law: no number without its interval. Everything here is a pure function.
package stats

import "math"

// z975 is the 0.975 quantile of the normal distribution: 95 % of it lie between
// −z975 and z975.
const z975 = 1.959963984540054

// Wilson returns the 95 % score interval of a share of which successes out of n
// independent trials were seen: the shares p with |successes/n − p| at most
// z975 standard errors, where the standard error is that of p and not of the
// share seen. So it is never empty, also at 0 and n successes, and never leaves
// [0, 1]. Without a trial it is all of [0, 1].
//
// successes must be in [0, n]. Source: E. B. Wilson, "Probable inference, the
// law of succession, and statistical inference", JASA 22 (1927), 209-212; it is
// method 3, without continuity correction, of R. G. Newcombe, "Two-sided
// confidence intervals for the single proportion", Statistics in Medicine 17
// (1998), 857-872.
func Wilson(successes, n int64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	// Both ends as quotients of positive terms: the textbook's centre minus half
	// width cancels where the share is small, and would leave 1e-19 for 0.
	s, f, z2 := float64(successes), float64(n-successes), z975*z975
	root := z975 * math.Sqrt(z2+4*s*f/float64(n))
	low = 2 * s * s / (float64(n) * (2*s + z2 + root))
	high = 1 - 2*f*f/(float64(n)*(2*f+z2+root))
	return low, high
}
