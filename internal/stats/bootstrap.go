package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Draw fills counts with how often each of its blocks is drawn, in as many draws
// as there are blocks, with replacement: one resample of the block bootstrap.
//
// Blocks and not single samples are drawn, since what disturbs one request
// disturbs those beside it as well: single ones, taken for independent, would make
// noise significant. Source: E. Carlstein, "The use of subseries values for
// estimating the variance of a general statistic from a stationary sequence",
// Annals of Statistics 14 (1986), 1171-1179.
func Draw(random *rand.Rand, counts []int) {
	clear(counts)
	for range counts {
		counts[random.IntN(len(counts))]++
	}
}

// BootstrapInterval returns the 95 % interval that resamples of a figure give, of
// that many blocks: their percentiles, further out the fewer the blocks are. It is
// NaN of fewer than two blocks, and of none. It sorts the resamples.
//
// Source: the expanded percentile interval of T. C. Hesterberg, "What teachers
// should know about the bootstrap", The American Statistician 69 (2015), 371-386,
// section 4.3.
func BootstrapInterval(resamples []float64, blocks int) (low, high float64) {
	if blocks < 2 || len(resamples) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(resamples)
	n := float64(blocks)
	tail := distuv.UnitNormal.CDF(math.Sqrt(n/(n-1)) * student(blocks).Quantile(0.025))
	return Quantile(resamples, tail), Quantile(resamples, 1-tail)
}

// BootstrapP returns how likely resamples that far from null are if that is the
// truth: the level at which BootstrapInterval would just hold it. It is 1 of fewer
// than two blocks, and of none.
func BootstrapP(resamples []float64, null float64, blocks int) float64 {
	if blocks < 2 || len(resamples) == 0 {
		return 1
	}
	below, above := 1.0, 1.0 // none of a thousand is not never
	for _, v := range resamples {
		if v <= null {
			below++
		}
		if v >= null {
			above++
		}
	}
	tail := min(below, above) / float64(len(resamples)+1)
	if tail >= 0.5 {
		return 1
	}
	n := float64(blocks)
	return 2 * student(blocks).CDF(math.Sqrt((n-1)/n)*distuv.UnitNormal.Quantile(tail))
}

func student(blocks int) distuv.StudentsT {
	return distuv.StudentsT{Sigma: 1, Nu: float64(blocks - 1)}
}
