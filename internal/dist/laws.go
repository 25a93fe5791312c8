package dist

import (
	"fmt"
	"math"
	"time"
)

type constant struct{ value time.Duration }

func (l constant) quantile(float64) float64 { return float64(l.value) }
func (l constant) mean() float64            { return float64(l.value) }
func (l constant) square() float64          { return float64(l.value) * float64(l.value) }
func (l constant) String() string           { return format(l.value) }

type uniform struct{ low, high time.Duration }

func (l uniform) quantile(p float64) float64 { return float64(l.low) + p*float64(l.high-l.low) }
func (l uniform) mean() float64              { return float64(l.low+l.high) / 2 }
func (l uniform) square() float64 {
	a, b := float64(l.low), float64(l.high)
	return (a*a + a*b + b*b) / 3
}
func (l uniform) String() string {
	return fmt.Sprintf("uniform(%s,%s)", format(l.low), format(l.high))
}

type exponential struct{ scale time.Duration }

func (l exponential) quantile(p float64) float64 { return -float64(l.scale) * math.Log1p(-p) }
func (l exponential) mean() float64              { return float64(l.scale) }
func (l exponential) square() float64            { return 2 * float64(l.scale) * float64(l.scale) }
func (l exponential) String() string             { return fmt.Sprintf("exponential(%s)", format(l.scale)) }

// lognormal is given by its median and its 99th percentile, which people know of
// a service, and not by the moments of a logarithm.
type lognormal struct {
	median, p99 time.Duration
	sigma       float64 // the standard deviation of the logarithm
}

// lognormalOf finds sigma: the p99 lies z(0.99) of them above the median.
func lognormalOf(median, p99 time.Duration) lognormal {
	return lognormal{median, p99, math.Log(float64(p99)/float64(median)) / z(0.99)}
}

func (l lognormal) quantile(p float64) float64 {
	return float64(l.median) * math.Exp(l.sigma*z(p))
}

func (l lognormal) mean() float64 {
	return float64(l.median) * math.Exp(l.sigma*l.sigma/2)
}

func (l lognormal) square() float64 {
	return float64(l.median) * float64(l.median) * math.Exp(2*l.sigma*l.sigma)
}

func (l lognormal) String() string {
	return fmt.Sprintf("lognormal(%s,%s)", format(l.median), format(l.p99))
}

// z is the quantile function of the standard normal distribution.
func z(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// pareto is the distribution of type I: P(X > x) = (scale/x)^shape from scale on.
type pareto struct {
	scale time.Duration
	shape float64
}

func (l pareto) quantile(p float64) float64 {
	return float64(l.scale) * math.Pow(1-p, -1/l.shape)
}

func (l pareto) mean() float64 {
	if l.shape <= 1 {
		return math.Inf(1)
	}
	return float64(l.scale) * (l.shape / (l.shape - 1))
}

func (l pareto) square() float64 {
	if l.shape <= 2 {
		return math.Inf(1)
	}
	return float64(l.scale) * float64(l.scale) * (l.shape / (l.shape - 2))
}

func (l pareto) String() string { return fmt.Sprintf("pareto(%s,%v)", format(l.scale), l.shape) }
