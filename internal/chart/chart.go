// Package chart draws.
//
// Its law: it computes nothing about a run. It is given points and words, and
// turns them into a picture; which points, and what they mean, is the caller's.
// The same input gives the same bytes.
package chart

// Picture is a title, a legend and panels below each other. Where lines have
// intervals or are theory, the legend says once what that looks like.
type Picture struct {
	Title string
	// Note stands small under the title: what the picture is of.
	Note   string
	Legend []Entry
	Panels []Panel
	// Columns is how many panels stand side by side; 0 is one.
	Columns int
	// PointKey and ThinKey say what a point with its bar and a thin line are, where that
	// is not a measurement with its 95 % interval, and theory.
	PointKey, ThinKey string
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
	// XTitle says what stands on the X axis, where its labels do not.
	XTitle string
	// XLabel writes a value of a Values, a Roots or a Logs axis; plain numbers where nil.
	XLabel func(float64) string
	// Categories are the labels of a Categories axis; X is the index of one.
	Categories []string
	Y          YAxis
	Lines      []Line
	// Shades are the windows in which something acted, in seconds, by From.
	Shades []Shade
	// columns is the picture's, of which the panel has but its share of the width.
	columns int
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
	// Values are any numbers, on a linear axis; Panel.XLabel writes them.
	Values
	// Roots are numbers from 0 on, drawn at their square root: 1 %, 2 %, 5 % and
	// 50 % are then all apart. Its ticks are the points themselves.
	Roots
	// Logs are numbers above 0, drawn at their logarithm. Its ticks are the points
	// themselves.
	Logs
	// Categories are no numbers: each has a place, and nothing is between two.
	Categories
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
	// Number is any number on a linear axis that shows 0.
	Number
)

// Line is the points of one scenario, in ascending X. A Y of NaN is a gap: there
// was nothing to measure.
type Line struct {
	Scenario string
	X, Y     []float64
	// Low and High, where given, are the ends of each point's 95 % interval, both as
	// long as X; NaN where it has none, −Inf and +Inf where that end is open. Such points are markers that nothing connects.
	Low, High []float64
	// Theory is a line that was computed, not measured: thin, beneath the points.
	Theory bool
}

// measured says whether the line is drawn as points with intervals.
func (l Line) measured() bool { return !l.Theory && l.Low != nil }

// Shade is a window in which something acted.
type Shade struct {
	Label    string
	From, To float64
}
