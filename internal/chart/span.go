package chart

import "math"

type span struct{ low, high float64 }

var noSpan = span{math.Inf(1), math.Inf(-1)}

func (s *span) cover(v float64) {
	if finite(v) {
		s.low, s.high = math.Min(s.low, v), math.Max(s.high, v)
	}
}

// ranges returns what the axes show: all points and intervals, with some room, but for
// the lane of the windows' names.
func (p Panel) ranges() (x, y span) {
	x, y = p.covered()
	if math.IsInf(x.low, 1) {
		x, y = span{0, 1}, span{0, 1}
	}
	return p.xRange(x), p.withArrows(p.yRange(y))
}

// arrowRoom is left beyond all points for the arrows of open ends. A linear axis that
// begins at 0 needs none below.
const arrowRoom = 0.15

func (p Panel) withArrows(y span) span {
	room := arrowRoom * (y.high - y.low)
	below, above := p.open()
	if above {
		y.high += room
	}
	if below && p.Y == LogDuration {
		y.low -= room
	}
	return y
}

func (p Panel) covered() (x, y span) {
	x, y = noSpan, noSpan
	for _, l := range p.Lines {
		for _, piece := range p.pieces(l) {
			for _, at := range piece {
				x.cover(at.X)
				y.cover(at.Y)
			}
		}
		for _, ends := range [][]float64{l.Low, l.High} {
			for _, v := range ends {
				y.cover(p.y(v))
			}
		}
	}
	return x, y
}

func (p Panel) xRange(x span) span {
	switch p.X {
	case Seconds:
		for _, s := range p.Shades {
			x.cover(s.From)
			x.cover(s.To)
		}
	case Nines:
		x.low = 0
	case Values, Roots, Logs:
		room := (x.high - x.low) * 0.025 * float64(max(p.columns, 1)) // for the points that stand aside
		if room == 0 {
			room = math.Abs(x.low) / 2
		}
		x = span{x.low - room, x.high + room}
	case Categories:
		x = span{-0.5, float64(len(p.Categories)) - 0.5}
	}
	if x.high-x.low < 1e-9 {
		x = span{x.low - 0.5, x.high + 0.5}
	}
	return x
}

// mostPercent is how far an axis of shares goes: to 100 %, and a line there is seen.
const mostPercent = 1.05

func (p Panel) yRange(y span) span {
	switch p.Y {
	case LogDuration:
		if y.high-y.low < 1 { // at least a decade, or noise looks like news
			middle := (y.low + y.high) / 2
			y = span{middle - 0.5, middle + 0.5}
		}
		return span{y.low - 0.05, y.high + 0.08}
	case Duration:
		return span{0, math.Max(y.high*1.1, 1e-3)}
	case Percent:
		return span{0, math.Min(math.Max(y.high*1.15, 0.01), mostPercent)}
	default:
		y.cover(0)
		if y.high == y.low {
			y.high = 1
		}
		room := (y.high - y.low) * 0.1
		if y.low < 0 {
			y.low -= room
		}
		return span{y.low, y.high + room}
	}
}
