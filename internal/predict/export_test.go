package predict

import "time"

// MeanOf is the mean of times in seconds, negative where there is none, and how far it
// may be from what is to be expected at a confidence; AbsentOf is the same of the share
// without a time. Neither is ok where the sample is too short to tell.
func MeanOf(times []float64, confidence float64) (mean, half float64, ok bool) {
	b := cutOf(times)
	t := terms{b.times, b.present}
	half, ok = t.halfWidth(confidence)
	return t.ratio(), half, ok && b.spans()
}

func AbsentOf(times []float64, confidence float64) (share, half float64, ok bool) {
	b := cutOf(times)
	t := terms{b.absent, b.all}
	half, ok = t.halfWidth(confidence)
	return t.ratio(), half, ok && b.spans()
}

func cutOf(times []float64) batched {
	d := newDistribution()
	for _, v := range times {
		if v >= 0 {
			d.add(time.Duration(v * 1e9))
		}
	}
	var at [len(shares)]float64
	for i, q := range shares {
		at[i] = d.at(q)
	}
	return sample(times).cut(at)
}
