package runner

import (
	"math"
	"runtime"
	"runtime/metrics"
	"testing"

	"crosstalk/internal/result"
)

func TestPausesAreThoseBetween(t *testing.T) {
	buckets := []float64{0, 1e-6, 2e-6, 4e-6, math.Inf(1)}
	before := &metrics.Float64Histogram{Counts: []uint64{5, 5, 5, 5}, Buckets: buckets}
	for _, c := range []struct {
		after []uint64
		want  result.GC
	}{
		{[]uint64{5, 5, 5, 5}, result.GC{}},
		{[]uint64{5, 6, 5, 5}, result.GC{Pauses: 1, P50: 2e-6, P99: 2e-6, Max: 2e-6}},
		{[]uint64{6, 6, 6, 5}, result.GC{Pauses: 3, P50: 2e-6, P99: 4e-6, Max: 4e-6}},
		{[]uint64{104, 5, 5, 6}, result.GC{Pauses: 100, P50: 1e-6, P99: 1e-6, Max: 4e-6}},
	} {
		if got := pausesBetween(before, &metrics.Float64Histogram{Counts: c.after, Buckets: buckets}); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.after, got, c.want)
		}
	}
}

func TestGCMeter(t *testing.T) {
	var m gcMeter
	if got := m.result(); got != nil {
		t.Errorf("without a measurement, %+v", got)
	}
	m.start()
	for range 3 {
		runtime.GC()
	}
	m.stop()
	got := m.result()
	if got == nil || got.Cycles < 3 || got.Pauses < got.Cycles || got.P50 <= 0 || got.P99 < got.P50 || got.Max < got.P99 || got.Percent == 0 {
		t.Errorf("of three collections, %+v", got)
	}
}
