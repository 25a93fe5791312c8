package scale

import (
	"math"

	"crosstalk/internal/stats"
)

const (
	// flat is by how much a cost may differ from end to end and still be called the same.
	flat = 1.25
	// near is how far a line may be from any of the points and still be their law.
	near = 0.25
)

// Words says how a cost over values from first to last grows: what it does, as "grows",
// and which growth that is, as "linear"; empty where the verb says it all.
func Words(g stats.Growth, first, last float64) (verb, growth string) {
	factor := math.Pow(last/first, g.Exponent)
	switch {
	case factor < flat && factor > 1/flat:
		return "hardly changes", ""
	case g.Straight && g.Each > 0 && g.LineError <= near:
		if g.Fixed > 0 {
			return "grows", "linear above a fixed part"
		}
		return "grows", "linear"
	case math.IsNaN(g.Low):
		return "grows", "too few values to tell"
	case g.High < 0:
		return "falls", ""
	case g.Low > 1:
		return "grows", "more than linear"
	case g.Low > 0 && g.High < 1:
		return "grows", "less than linear"
	case g.Low > 0:
		return "grows", "linear"
	case g.High < 1:
		return "may grow", "less than linear"
	}
	return "grows", "too uncertain to tell"
}
