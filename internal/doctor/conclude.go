package doctor

import (
	"math"
	"slices"

	"crosstalk/internal/stats"
)

// Conclusions is what the figures mean.
type Conclusions struct {
	// SmallestP50 and SmallestP99 are the smallest differences, in seconds, between
	// the percentiles of two runs that can be told from chance here; see Detectable.
	// Each run is of as many blocks as the doctor took.
	SmallestP50 float64 `json:"smallest_p50_difference_seconds"`
	SmallestP99 float64 `json:"smallest_p99_difference_seconds"`
	// TrustedRate is the highest rate, in requests per second, at which this machine
	// sends on time and has cores left; 0 where there is none. Services in the same
	// process and delays take their part of the cores: it is an upper bound.
	TrustedRate float64 `json:"trusted_rate"`
	// Limit says what stands in the way of more.
	Limit string `json:"limit"`
}

func conclude(r *Report) Conclusions {
	var p50, p99 []float64
	for _, b := range r.Blocks {
		p50, p99 = append(p50, b.P50), append(p99, b.P99)
	}
	c := Conclusions{SmallestP50: Detectable(p50), SmallestP99: Detectable(p99)}
	c.TrustedRate, c.Limit = trusted(r.Pacing, r.CallRate)
	return c
}

// Detectable is the smallest difference between the means of two samples like this
// one, of n values with standard deviation s each, that a two-sided test at 5 %
// finds in 80 of 100 cases: (1.96 + 0.84) · √2 · s / √n, the usual formula for the
// size of two equal samples (Cohen 1988). A histogram of three digits tells nothing
// below a thousandth of the values, so it is never less than that of their median.
// It is 0 of fewer than two values.
func Detectable(values []float64) float64 {
	n := float64(len(values))
	if n < 2 {
		return 0
	}
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / n
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	const z = 1.96 + 0.84
	difference := z * math.Sqrt2 * math.Sqrt(squares/(n-1)) / math.Sqrt(n)
	return max(difference, stats.Quantile(slices.Sorted(slices.Values(values)), 0.5)/1000)
}

// trusted returns the highest of the rates up to which all were sent on time, and at
// most what leaves a share of the cores free where the driver and an empty service
// use all of them at callRate.
func trusted(pacing []Pace, callRate float64) (rate float64, limit string) {
	limit = "no rate that was tried was too high"
	for _, p := range pacing {
		if p.P99 > LatestSend.Seconds() {
			limit = "beyond it, 1 % of the sends are more than " + LatestSend.String() + " late"
			break
		}
		if p.Achieved < sent*p.Rate {
			limit = "beyond it, the driver sends fewer requests than are due"
			break
		}
		rate = p.Rate
	}
	if free := BusiestCPU * callRate; rate > free {
		return free, "beyond it, the driver and an empty service use more than 90 % of the cores"
	}
	return rate, limit
}
