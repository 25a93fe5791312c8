package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"crosstalk/internal/counts"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
)

// duration returns seconds with three significant digits and their unit.
func duration(seconds float64) string {
	switch {
	case seconds == 0:
		return "0"
	case seconds < 1e-3:
		return digits(seconds*1e6) + " µs"
	case seconds < 1:
		return digits(seconds*1e3) + " ms"
	}
	return digits(seconds) + " s"
}

// digits returns a number with three significant digits, and never less than its
// whole part.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64) // 99.96 has no decimals either
	decimals := max(2-int(math.Floor(math.Log10(math.Abs(rounded)))), 0)
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// quantile returns a figure of a distribution; none where it has no samples.
func quantile(q result.Quantiles, seconds float64) Cell {
	if q.Count == 0 {
		return noFigure
	}
	return inSeconds(seconds)
}

// percentile returns a percentile of a run, p as a share, with its interval where that is
// open; none where the samples are too few for it: of fewer than 1/(1−p), it is but the
// largest one.
func percentile(r result.Run, k result.Kind, p float64) Cell {
	of, ok := r.Written(k, p)
	if !ok || float64(r.Quantiles(k).Count)*(1-p) < 1-1e-9 {
		return noFigure
	}
	if math.IsInf(of.Low, 0) || math.IsInf(of.High, 0) {
		return withInterval(of)
	}
	return inSeconds(of.Value)
}

// withInterval returns a percentile with its interval: for where it stands beside another one.
func withInterval(p result.Percentile) Cell {
	v := metric.Value{Value: p.Value, Low: p.Low, High: p.High, Known: true}
	return valueOf(metric.Metric{Unit: metric.Seconds}, v)
}

// percentileIn returns a percentile of a window with its interval: none where nothing
// succeeded, and without an interval where the file is from before there was one.
func percentileIn(seconds float64, b *result.Bounds) Cell {
	if seconds == 0 || b == nil {
		return orNone(seconds)
	}
	return withInterval(b.Around(seconds))
}

func latency(r result.Run, p float64) Cell { return percentile(r, result.Latency, p) }

func lag(r result.Run, p float64) Cell { return percentile(r, result.ReplicationLag, p) }

// percent returns a share with two digits after the point where it is small.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0, p == 100:
		return strconv.FormatFloat(p, 'f', 0, 64)
	case p < 0.005: // and not 0, which 0.00 would say
		return "<0.01"
	case p < 10:
		return strconv.FormatFloat(p, 'f', 2, 64)
	default:
		return strconv.FormatFloat(p, 'f', 1, 64)
	}
}

// size returns bytes in decimal units.
func size(bytes int64) string {
	switch b := float64(bytes); {
	case b < 1e3:
		return fmt.Sprintf("%d B", bytes)
	case b < 1e6:
		return digits(b/1e3) + " kB"
	case b < 1e9:
		return digits(b/1e6) + " MB"
	default:
		return digits(b/1e9) + " GB"
	}
}

// window returns when something acted, as its flag has it.
func window(w *counts.Window) string {
	if w == nil {
		return none
	}
	return fmt.Sprintf("@%s+%s", round(w.StartSeconds), round(w.LengthSeconds))
}

func round(seconds float64) string {
	return time.Duration(seconds * 1e9).Round(time.Millisecond).String()
}

func rate(perSecond float64) string {
	if perSecond == 0 {
		return none
	}
	return digits(perSecond) + "/s"
}
