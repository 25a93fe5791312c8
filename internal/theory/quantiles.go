package theory

import "math"

// WaitQuantile is the wait for a worker that a share p in [0, 1) of all does not
// exceed, in M/M/c (Gross et al., sec. 2.3): P(W > t) = C exp(−(c/E[S] − λ)t). It is not ok
// from a load of 1 on.
func WaitQuantile(p float64, c int, rate, work float64) (t float64, ok bool) {
	if rate*work >= float64(c) {
		return 0, false
	}
	return max(math.Log(ErlangC(c, rate*work)/(1-p))/(float64(c)/work-rate), 0), true
}

// SojournQuantile is that of wait and work together.
func SojournQuantile(p float64, c int, rate, work float64) (t float64, ok bool) {
	if rate*work >= float64(c) {
		return 0, false
	}
	low, high := 0.0, work
	for sojournAbove(high, c, rate, work) > 1-p {
		low, high = high, 2*high
	}
	for range 100 {
		if t = (low + high) / 2; sojournAbove(t, c, rate, work) > 1-p {
			low = t
		} else {
			high = t
		}
	}
	return t, true
}

// sojournAbove is P(T > t): an exponential time of work and, with Erlang's C, another
// exponential one before it.
func sojournAbove(t float64, c int, rate, work float64) float64 {
	mu, drain := 1/work, float64(c)/work-rate
	// The integral of exp(−drain·u) over the wait, of what the work is then to take.
	also := mu * t
	if d := drain - mu; math.Abs(d*t) > 1e-9 {
		also = mu * -math.Expm1(-d*t) / d
	}
	return math.Exp(-mu*t) * (1 + ErlangC(c, rate*work)*also)
}
