package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDraw(t *testing.T) {
	counts := []int{9, 9, 9, 9}
	Draw(rand.New(rand.NewPCG(1, 2)), counts)
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum != len(counts) {
		t.Errorf("%d of %d blocks are drawn", sum, len(counts))
	}
}

func TestBootstrapAtTheEdges(t *testing.T) {
	if low, high := BootstrapInterval([]float64{1, 2}, 1); !math.IsNaN(low) || !math.IsNaN(high) {
		t.Errorf("of one block the interval is %v, %v", low, high)
	}
	if low, _ := BootstrapInterval(nil, 10); !math.IsNaN(low) {
		t.Errorf("of no resample the interval begins at %v", low)
	}
	if p := BootstrapP([]float64{1, 2}, 0, 1); p != 1 {
		t.Errorf("of one block p is %v", p)
	}
	if p := BootstrapP(make([]float64, 100), 0, 10); p != 1 {
		t.Errorf("where nothing differs p is %v", p)
	}
}

// With very many blocks the interval is that of the plain percentiles, and p twice
// the share of the resamples beyond.
func TestBootstrapOfManyBlocks(t *testing.T) {
	resamples := make([]float64, 9999)
	for i := range resamples {
		resamples[i] = float64(i + 1)
	}
	low, high := BootstrapInterval(resamples, 1_000_000)
	if math.Abs(low-250) > 1 || math.Abs(high-9750) > 1 {
		t.Errorf("the interval is %v, %v, want 250, 9750", low, high)
	}
	if p := BootstrapP(resamples, 99.5, 1_000_000); math.Abs(p-0.02) > 1e-4 {
		t.Errorf("p is %v, want 0.02", p)
	}
}

// The means of blocks that do not differ are called different in about 5 % of the
// cases, also of few blocks, and the interval misses as often.
func TestBootstrapIsCalibrated(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, blocks := range []int{6, 10, 40} {
		const cases, draws = 400, 2000
		significant, missed := 0, 0
		for range cases {
			values := make([]float64, blocks)
			for i := range values {
				values[i] = random.NormFloat64()
			}
			resamples, counts := make([]float64, draws), make([]int, blocks)
			for r := range resamples {
				Draw(random, counts)
				for i, n := range counts {
					resamples[r] += float64(n) * values[i]
				}
			}
			if BootstrapP(resamples, 0, blocks) < 0.05 {
				significant++
			}
			if low, high := BootstrapInterval(resamples, blocks); low > 0 || high < 0 {
				missed++
			}
		}
		if significant > 0.08*cases || missed > 0.08*cases {
			t.Errorf("of %d blocks, %d of %d are significant and %d intervals miss, want about 5 %%", blocks, significant, cases, missed)
		}
	}
}

func TestSignTest(t *testing.T) {
	for _, c := range []struct {
		first, second int64
		want          float64
	}{{0, 0, 1}, {5, 0, 0.0625}, {0, 6, 0.03125}, {3, 3, 1}, {1, 9, 0.021484375}} {
		if got := SignTest(c.first, c.second); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("of %d and %d p is %v, want %v", c.first, c.second, got, c.want)
		}
	}
}

// The first is Fisher's lady with 3 of 4 cups, the second his convicts' brothers.
func TestFisherTest(t *testing.T) {
	for _, c := range []struct {
		k1, n1, k2, n2 int64
		want           float64
	}{{3, 4, 1, 4, 0.485714}, {2, 17, 10, 13, 0.000536724}, {0, 100, 0, 200, 1}, {5, 5, 5, 5, 1}, {0, 0, 1, 5, 1}, {0, 5000, 40, 5000, 1.75e-12}} {
		if got := FisherTest(c.k1, c.n1, c.k2, c.n2); math.Abs(got-c.want) > 1e-5*max(c.want, 1e-6) && math.Abs(got/c.want-1) > 0.01 {
			t.Errorf("%d of %d and %d of %d: p is %v, want %v", c.k1, c.n1, c.k2, c.n2, got, c.want)
		}
	}
}
