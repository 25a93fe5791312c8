package dist

import (
	"math"
	"strings"
	"testing"
	"time"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
)

func parsed(t *testing.T, text string) Distribution {
	t.Helper()
	var d Distribution
	if err := d.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		text string
		p    float64
		want time.Duration
	}{
		{"none", 0.999, 0},
		{"5ms", 0.001, 5 * ms},
		{"constant(5ms)", 0.999, 5 * ms},

		{"uniform(1ms,9ms)", 0.25, 3 * ms},
		{"uniform(1ms,9ms)", 0.5, 5 * ms},
		{"uniform(3ms,3ms)", 0.7, 3 * ms},

		{"exponential(5ms)", 0.5, 3465736},      // 5 ms · ln 2
		{"exponential(5ms)", 0.99, 23025851},    // 5 ms · ln 100
		{"exponential(1s)", 1.0 / (1 << 53), 0}, // 1e-7 ns

		{"lognormal(5ms,40ms)", 0.5, 5 * ms},
		{"lognormal(5ms,40ms)", 0.99, 40 * ms},
		{"lognormal(5ms,40ms)", 0.01, 625 * us},               // as far below the median, by factor
		{"lognormal(5ms,40ms)", 0.8413447460685429, 12222801}, // one sigma above: 8^(1/2.3263479) times
		{"lognormal(5ms,5ms)", 0.3, 5 * ms},
		{"lognormal(1ns,24h)", 0.99, Max},
		{"lognormal(1ns,24h)", 0.999, Max},

		{"pareto(1ms,1)", 0.75, 4 * ms},
		{"pareto(1ms,2)", 0.75, 2 * ms},
		{"pareto(1ms,1.5)", 0.99, 21544347}, // 100^(2/3) ms
		{"pareto(1ms,0.01)", 0.99, Max},
		{"pareto(1ms,1e300)", 0.99, 1 * ms},

		{"150us:10,2ms:5", 0.85, 0},
		{"150us:10,2ms:5", math.Nextafter(0.85, 1), 150 * us},
		{"150us:10,2ms:5", 0.95, 150 * us},
		{"150us:10,2ms:5", math.Nextafter(0.95, 1), 2 * ms},
		{"1ms:33.3,2ms:33.3,3ms:33.4", 1.0 / (1 << 53), 1 * ms},
	} {
		if got := parsed(t, c.text).Quantile(c.p); got != c.want {
			t.Errorf("%s: Quantile(%v) = %d ns, want %d", c.text, c.p, got, c.want)
		}
	}
}

func TestQuantileOutsideItsRangeDoesNotOverflow(t *testing.T) {
	for _, text := range []string{
		"lognormal(1ns,24h)", "exponential(24h)", "pareto(24h,1e-300)", "uniform(0s,24h)", "1ms:100", "24h",
	} {
		d := parsed(t, text)
		for _, p := range []float64{-1, 0, 1, 2, math.NaN(), math.Inf(1), math.Inf(-1)} {
			if q := d.Quantile(p); q < 0 || q > Max {
				t.Errorf("%s: Quantile(%v) = %v", text, p, q)
			}
		}
	}
}

func TestMeanAndShare(t *testing.T) {
	for _, c := range []struct {
		text  string
		mean  time.Duration
		share float64
	}{
		{"none", 0, 0},
		{"5ms", 5 * ms, 1},
		{"uniform(1ms,9ms)", 5 * ms, 1},
		{"exponential(5ms)", 5 * ms, 1},
		{"lognormal(5ms,5ms)", 5 * ms, 1},
		{"lognormal(5ms,40ms)", 7455377, 1}, // 5 ms · exp(sigma²/2), sigma = ln 8 / 2.3263479
		{"lognormal(1ns,24h)", Infinite, 1},
		{"pareto(1ms,1.5)", 3 * ms, 1},
		{"pareto(1ms,1e300)", 1 * ms, 1},
		{"pareto(1ms,1)", Infinite, 1},
		{"pareto(1ms,0.5)", Infinite, 1},
		{"pareto(24h,1.0000001)", Infinite, 1}, // 24h · 1e7 does not fit
		{"150us:10,2ms:5", 115 * us, 0.15},
		{"1ms:33.3,2ms:33.3,3ms:33.4", 2001 * us, 1},
	} {
		d := parsed(t, c.text)
		if got := d.Mean(); got != c.mean {
			t.Errorf("%s: Mean() = %d ns, want %d", c.text, got, c.mean)
		}
		if got := d.Share(); got != c.share {
			t.Errorf("%s: Share() = %v, want %v", c.text, got, c.share)
		}
	}
}

// The mean must be that of what the quantile function gives. The midpoint rule
// over a million quantiles leaves out some of a heavy tail.
func TestMeanIsThatOfTheQuantiles(t *testing.T) {
	for _, text := range []string{
		"lognormal(5ms,40ms)", "uniform(1ms,9ms)", "exponential(5ms)", "pareto(1ms,3)", "150us:10,2ms:5",
	} {
		d, sum, squares := parsed(t, text), 0.0, 0.0
		const n = 1_000_000
		heavy := strings.HasPrefix(text, "pareto") // its squares are in the tail that the rule leaves out
		for i := range n {
			q := d.Quantile((float64(i) + 0.5) / n)
			sum += float64(q)
			squares += q.Seconds() * q.Seconds()
		}
		if got, want := squares/n, d.SecondMoment(); !heavy && math.Abs(got/want-1) > 2e-3 {
			t.Errorf("%s: squares average %v s², SecondMoment() = %v", text, got, want)
		}
		if got, want := sum/n, float64(d.Mean()); math.Abs(got/want-1) > 1e-3 {
			t.Errorf("%s: quantiles average %v ns, Mean() = %v", text, got, want)
		}
	}
}

func TestSecondMoments(t *testing.T) {
	for text, want := range map[string]float64{
		"none": 0, "10ms": 1e-4, "uniform(0ms,20ms)": 4e-4 / 3, "exponential(10ms)": 2e-4, "10ms:50": 5e-5,
		"pareto(1ms,3)": 3e-6, "pareto(1ms,2)": math.Inf(1),
	} {
		if got := parsed(t, text).SecondMoment(); got != want && !(math.Abs(got/want-1) < 1e-12) {
			t.Errorf("%s: SecondMoment() = %v, want %v", text, got, want)
		}
	}
}

func TestFamilies(t *testing.T) {
	for text, want := range map[string][2]bool{
		"none": {false, true}, "10ms": {false, true}, "10ms:100": {false, true}, "10ms:50": {}, "1ms:50,2ms:50": {},
		"exponential(10ms)": {true, false}, "uniform(1ms,9ms)": {},
	} {
		d := parsed(t, text)
		if got := [2]bool{d.IsExponential(), d.IsConstant()}; got != want {
			t.Errorf("%s: exponential, constant: %v, want %v", text, got, want)
		}
	}
}
