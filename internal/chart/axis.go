package chart

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// nines is where a share stands on the nines axis.
func nines(share float64) float64 { return -math.Log10(1 - share) }

// ninesTicks labels 0 %, 50 %, and then each further nine.
type ninesTicks struct{}

func (ninesTicks) Ticks(_, highest float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 0, Label: "0 %"}, {Value: nines(0.5), Label: "50 %"}, {Value: nines(0.75), Label: "75 %"}}
	for n := 1; float64(n) <= highest+1e-9; n++ {
		decimals := max(n-2, 0)
		label := strconv.FormatFloat(100*(1-math.Pow(10, -float64(n))), 'f', decimals, 64) + " %"
		ticks = append(ticks, plot.Tick{Value: float64(n), Label: label})
	}
	return ticks
}

// logTicks labels decades, and their 2 and 5 where there is room.
type logTicks struct{}

func (logTicks) Ticks(lowest, highest float64) []plot.Tick {
	var ticks []plot.Tick
	for decade := math.Floor(lowest); decade <= math.Ceil(highest); decade++ {
		for _, digit := range []float64{1, 2, 5} {
			at := decade + math.Log10(digit)
			if at < lowest-1e-9 || at > highest+1e-9 {
				continue
			}
			tick := plot.Tick{Value: at}
			if digit == 1 || highest-lowest < 2.5 {
				tick.Label = DurationLabel(digit * math.Pow(10, decade))
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// linearTicks labels a linear axis at steps of 1, 2 or 5, at most so many.
type linearTicks struct {
	most  float64
	label func(float64) string
}

func (l linearTicks) Ticks(lowest, highest float64) []plot.Tick {
	step := niceStep((highest - lowest) / l.most)
	var ticks []plot.Tick
	for i := math.Ceil(lowest/step - 1e-9); i*step <= highest+step*1e-9; i++ {
		value := i*step + 0 // + 0: no −0
		ticks = append(ticks, plot.Tick{Value: value, Label: l.label(value)})
	}
	return ticks
}

// percentTicks has none beyond 100 %, where the axis goes on for a lane of names.
type percentTicks struct{ linearTicks }

func (p percentTicks) Ticks(lowest, highest float64) []plot.Tick {
	return p.linearTicks.Ticks(lowest, min(highest, mostPercent))
}

// niceStep is the smallest of 1, 2 or 5 times a power of ten that is at least v.
func niceStep(v float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*decade >= v*(1-1e-9) {
			return digit * decade
		}
	}
	return 10 * decade
}

// DurationLabel writes seconds: 200 µs, 5 ms, 1 s.
func DurationLabel(s float64) string {
	switch {
	case s == 0:
		return "0"
	case s < 0.9999e-6:
		return short(s*1e9) + " ns"
	case s < 0.9999e-3:
		return short(s*1e6) + " µs"
	case s < 0.9999:
		return short(s*1e3) + " ms"
	}
	return short(s) + " s"
}

// PercentLabel writes a share: 5 %.
func PercentLabel(share float64) string { return short(share*100) + " %" }

func second(s float64) string { return fmt.Sprintf("%s s", short(s)) }

func short(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// number writes six digits and no exponent, which not every reader reads.
func number(v float64) string {
	rounded, err := strconv.ParseFloat(short(v), 64)
	if err != nil {
		return short(v)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
