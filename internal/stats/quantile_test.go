package stats

import (
	"math"
	"testing"
)

func TestBinomialTail(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		p    float64
		want float64
	}{
		{0, 10, 0.3, 1}, {11, 10, 0.3, 0}, {1, 10, 0, 0}, {3, 10, 1, 1},
		{10, 10, 0.5, 1.0 / 1024}, {1, 2, 0.5, 0.75}, {2, 20, 0.01, 0.016859}, {3, 20, 0.01, 0.001004},
	} {
		if got := BinomialTail(c.k, c.n, c.p); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("P(X ≥ %d) of %d with %v is %v, want %v", c.k, c.n, c.p, got, c.want)
		}
	}
}

func TestQuantile(t *testing.T) {
	if got := Quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("of nothing it is %v", got)
	}
	samples := make([]float64, 100)
	for i := range samples {
		samples[i] = float64(i + 1)
	}
	for q, want := range map[float64]float64{0: 1, 0.5: 50, 0.501: 51, 0.99: 99, 0.999: 100, 1: 100} {
		if got := Quantile(samples, q); got != want {
			t.Errorf("the %v-quantile of 1 to 100 is %v, want %v", q, got, want)
		}
	}
}
