// Package chart draws.
//
// Its law: it computes nothing about a run. It is given points and words, and
// turns them into a picture; which points, and what they mean, is the caller's.
// The same input gives the same bytes.
package chart

// Picture is a title, a legend and panels below each other.
type Picture struct {
	Title string
	// Note stands small under the title: what the picture is of.
	Note   string
	Legend []Entry
	Panels []Panel
}

// Entry explains the lines of one scenario.
type Entry struct {
	Scenario string
	// Text is what is said of it; the scenario's name where empty.
	Text string
}

// Panel is one pair of axes.
type Panel struct {
	// Title says what stands on the Y axis.
	Title string
	X     XAxis
	Y     YAxis
	Lines []Line
	// Shades are the windows in which something acted, in seconds, by From.
	Shades []Shade
	// Empty is said in the middle of a panel that has no points.
	Empty string
}

// XAxis is what a panel's X is.
type XAxis int

// The X axes.
const (
	// Seconds count from the start of the measured part.
	Seconds XAxis = iota
	// Nines are shares in [0, 1), drawn at log10(1/(1−share)): 90 %, 99 % and
	// 99.9 % are equally far apart.
	Nines
)

// YAxis is what a panel's Y is.
type YAxis int

// The Y axes.
const (
	// LogDuration is seconds on a logarithmic axis, where 0 is a gap.
	LogDuration YAxis = iota
	// Duration is seconds on a linear axis from 0.
	Duration
	// Percent is a share in [0, 1] on a linear axis from 0.
	Percent
)

// Line is the points of one scenario, in ascending X. A Y of NaN is a gap: there
// was nothing to measure.
type Line struct {
	Scenario string
	X, Y     []float64
}

// Shade is a window in which something acted.
type Shade struct {
	Label    string
	From, To float64
}
