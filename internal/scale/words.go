package scale

import (
	"math"

	"crosstalk/internal/stats"
)

// AboveFixed is the growth that is a fixed part and as much again for each.
const AboveFixed = "linear above a fixed part"

const (
	// flat is by how much a cost may differ from end to end and still be called the same.
	flat = 1.25
	// explained is how much of what differs a line must explain to be the law.
	explained = 0.95
	// narrow is how wide the interval of an exponent may be that tells what growth it is.
	narrow = 0.6
)

// Words says how a cost over values from first to last grows: what it does, as "grows",
// and which growth that is, as "linear"; empty where the verb says it all.
func Words(g stats.Growth, first, last float64) (verb, growth string) {
	factor := math.Pow(last/first, g.Exponent)
	switch {
	case factor < flat && factor > 1/flat:
		return "hardly changes", ""
	case g.Straight && g.Fixed > 0 && g.Each > 0 && g.Explained >= explained:
		return "grows", AboveFixed
	case math.IsNaN(g.Low):
		return "grows", "too few values to tell"
	case g.High < 0:
		return "falls", ""
	case g.Low > 1:
		return "grows", "more than linear"
	case g.Low > 0 && g.High < 1:
		return "grows", "less than linear"
	case g.Low > 0 && g.High-g.Low <= narrow:
		return "grows", "linear"
	case g.Low > 0:
		return "grows", "not told apart from linear"
	case g.High < 1:
		return "may change", "less than linear"
	}
	return "grows", "too uncertain to tell"
}
