package runner

import (
	"math"
	"runtime/metrics"

	"crosstalk/internal/result"
	"crosstalk/internal/sys"
)

// The figures of package runtime/metrics that are read.
const (
	gcPauses  = "/sched/pauses/total/gc:seconds"
	gcCycles  = "/gc/cycles/total:gc-cycles"
	gcPercent = "/gc/gogc:percent"
)

// gcMeter tells what this process's garbage collector did between start and stop.
type gcMeter struct{ before, after []metrics.Sample }

func readGC() []metrics.Sample {
	s := []metrics.Sample{{Name: gcPauses}, {Name: gcCycles}, {Name: gcPercent}}
	metrics.Read(s)
	return s
}

func (m *gcMeter) start() { m.before = readGC() }
func (m *gcMeter) stop()  { m.after = readGC() }

// result is nil where it was not measured.
func (m *gcMeter) result() *result.GC {
	if m.before == nil || m.after == nil || m.after[0].Value.Kind() != metrics.KindFloat64Histogram {
		return nil
	}
	out := pausesBetween(m.before[0].Value.Float64Histogram(), m.after[0].Value.Float64Histogram())
	out.Cycles = int64(m.after[1].Value.Uint64() - m.before[1].Value.Uint64())
	out.Percent = int64(m.after[2].Value.Uint64())
	if out.SpareBytes = sys.KeptHeadroom(); out.SpareBytes > 0 {
		out.Percent = sys.HeadroomPercent // what it is now is for the heap as it is now
	}
	return &out
}

// pausesBetween takes the pauses that one histogram has more than the other, each as
// long as the upper end of its bucket: a tenth too long at most.
func pausesBetween(before, after *metrics.Float64Histogram) (out result.GC) {
	counts := make([]int64, len(after.Counts))
	for i := range counts {
		counts[i] = int64(after.Counts[i] - before.Counts[i])
		out.Pauses += counts[i]
		if counts[i] > 0 {
			out.Max = upper(after.Buckets, i)
		}
	}
	out.P50, out.P99 = rankIn(after.Buckets, counts, 0.5, out.Pauses), rankIn(after.Buckets, counts, 0.99, out.Pauses)
	return out
}

// rankIn is the nearest rank; 0 of none.
func rankIn(buckets []float64, counts []int64, q float64, n int64) float64 {
	rank := int64(math.Ceil(q * float64(n)))
	for i, c := range counts {
		if rank -= c; c > 0 && rank <= 0 {
			return upper(buckets, i)
		}
	}
	return 0
}

// upper is a bucket's upper end, or its lower one where that is infinite.
func upper(buckets []float64, i int) float64 {
	if math.IsInf(buckets[i+1], 1) {
		return buckets[i]
	}
	return buckets[i+1]
}
