package report

import (
	"math"
	"strconv"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
)

// Cell is one place of a table.
type Cell struct {
	// Text is the figure as it is shown, or words.
	Text string
	// Interval is that of the figure as it is shown, such as "[1.00 ms, open]". It is empty
	// where there is none.
	Interval string
	// Figure is what the cell is sorted by: in seconds, bytes, per second, or as a ratio
	// from 0 to 1. It is not Known where the cell holds words.
	Figure metric.Value
}

// String is the cell as it is shown.
func (c Cell) String() string {
	if c.Interval == "" {
		return c.Text
	}
	return c.Text + " " + c.Interval
}

// none is shown where a figure does not apply.
const none = "–"

var noFigure = text(none)

func text(words string) Cell { return Cell{Text: words} }

// figure is a figure without an interval.
func figure(shown string, v float64) Cell {
	finite := math.Abs(v) <= math.MaxFloat64 // and no NaN
	return Cell{Text: shown, Figure: metric.Value{Value: v, Low: v, High: v, Known: finite}}
}

func count(n int64) Cell { return figure(strconv.FormatInt(n, 10), float64(n)) }

func amount(v float64) Cell { return figure(digits(v), v) }

func inSeconds(v float64) Cell { return figure(duration(v), v) }

func inBytes(n int64) Cell { return figure(size(n), float64(n)) }

func inPercent(ratio float64) Cell { return figure(percent(ratio)+" %", ratio) }

func perSecond(v float64) Cell {
	if v == 0 {
		return noFigure
	}
	return figure(rate(v), v)
}

// orNone is for seconds that do not apply where they are 0.
func orNone(seconds float64) Cell {
	if seconds == 0 {
		return noFigure
	}
	return inSeconds(seconds)
}

// interval is a ratio with its interval, in percent.
func interval(of result.Interval) Cell {
	v := metric.Value{Value: of.Value, Low: of.Low, High: of.High, Known: true}
	return Cell{percent(v.Value) + " %", bounds(v, percent), v}
}

// valueOf is a metric's value in its unit.
func valueOf(m metric.Metric, v metric.Value) Cell {
	switch {
	case !v.Known:
		return noFigure
	case m.Unit == metric.Share:
		return interval(result.Interval{Value: v.Value, Low: v.Low, High: v.High})
	case m.Unit == metric.PerSecond:
		return perSecond(v.Value)
	case m.Unit == metric.Number:
		return amount(v.Value)
	case v.Low == v.High:
		return inSeconds(v.Value)
	}
	return Cell{duration(v.Value), bounds(v, duration), v}
}

// bounds are the ends of a value's interval; one that no sample bounds is open.
func bounds(v metric.Value, in func(float64) string) string {
	low, high := openEnd, openEnd
	if !v.OpenBelow() {
		low = in(v.Low)
	}
	if !v.OpenAbove() {
		high = in(v.High)
	}
	return "[" + low + ", " + high + "]"
}

// openEnd is the end of an interval that the samples are too few to bound.
const openEnd = "open"
