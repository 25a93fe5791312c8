package compare

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc/codes"

	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

const (
	// fewestBlocks is how many blocks an interval takes: of fewer, all can lie on
	// one side of the truth by chance in more than 5 % of the cases.
	fewestBlocks = 6
	// blocksOfSamples is into how many blocks a run is cut at least, where its
	// requests are known one by one; longestBlock bounds their length.
	blocksOfSamples = 30
	longestBlock    = time.Second
)

// values are those of one distribution, in order, each with how often it was seen
// and in which block.
type values struct {
	value []float64 // in seconds
	count []int32
	block []int32
}

// blocks is what was measured, cut into stretches of time.
type blocks struct {
	n       int
	seconds []float64
	sent    []float64
	failed  []float64
	stale   []float64
	by      map[string]*values
}

func newBlocks() *blocks { return &blocks{by: make(map[string]*values)} }

// grow makes room for that many blocks of a length, and returns the first one's
// number.
func (b *blocks) grow(n int, seconds, total float64) int {
	first := b.n
	b.n += n
	for i := range n {
		b.seconds = append(b.seconds, max(min(seconds, total-float64(i)*seconds), 0))
		b.sent, b.failed, b.stale = append(b.sent, 0), append(b.failed, 0), append(b.stale, 0)
	}
	return first
}

func (b *blocks) add(kind string, value float64, count int64, block int) {
	v := b.by[kind]
	if v == nil {
		v = &values{}
		b.by[kind] = v
	}
	v.value = append(v.value, value)
	v.count = append(v.count, int32(count))
	v.block = append(v.block, int32(block))
}

// sort puts the values of each distribution into order.
func (b *blocks) sort() {
	for _, v := range b.by {
		order := make([]int, len(v.value))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, k int) int { return cmp.Or(cmp.Compare(v.value[i], v.value[k]), i-k) })
		sorted := &values{}
		for _, i := range order {
			sorted.value = append(sorted.value, v.value[i])
			sorted.count = append(sorted.count, v.count[i])
			sorted.block = append(sorted.block, v.block[i])
		}
		*v = *sorted
	}
}

// bySecond cuts a run by the seconds of its log.
func (b *blocks) bySecond(r Run) error {
	numbers := measuredSeconds(r.Run)
	first := b.grow(len(numbers), 1, r.MeasuredSeconds)
	at := func(second int) int {
		n, _ := slices.BinarySearch(numbers, second)
		return first + min(n, len(numbers)-1) // lags come also later than the last request
	}
	if len(numbers) == 0 {
		return nil
	}
	for _, s := range r.Series {
		if s.Second < 0 {
			continue
		}
		b.sent[at(s.Second)] += float64(s.Succeeded + s.Failed)
		b.failed[at(s.Second)] += float64(s.Failed)
		b.stale[at(s.Second)] += float64(s.Stale)
	}
	return result.EachInterval(r.Dir, &r.Run, func(second int, kind string, h *hdrhistogram.Histogram) {
		for _, bar := range h.Distribution() {
			if bar.Count > 0 {
				b.add(kind, float64(bar.To)/1e9, bar.Count, at(second))
			}
		}
	})
}

// measuredSeconds returns the numbers of the seconds that were measured. Between the
// parts of a merged run there may be others, in which nothing was due.
func measuredSeconds(r result.Run) []int {
	whole := int(math.Ceil(r.MeasuredSeconds - 1e-9))
	gaps := len(r.Series) > 0 && r.Series[len(r.Series)-1].Second >= whole
	var numbers []int
	if !gaps {
		for n := range whole {
			numbers = append(numbers, n)
		}
		return numbers
	}
	for _, s := range r.Series {
		if s.Second >= 0 && s.Due > 0 {
			numbers = append(numbers, s.Second)
		}
	}
	return numbers
}

// bySample cuts a run by the times at which its requests were due.
func (b *blocks) bySample(r Run, rows []result.Row) {
	measured := time.Duration(r.MeasuredSeconds * 1e9)
	length := min(max((measured+blocksOfSamples-1)/blocksOfSamples, 1), longestBlock)
	n := int((measured + length - 1) / length)
	first := b.grow(n, length.Seconds(), r.MeasuredSeconds)
	for _, row := range rows {
		if row.Due < 0 {
			continue
		}
		at := first + min(int(row.Due/length), n-1)
		b.sent[at]++
		b.add("lateness", (row.Sent - row.Due).Seconds(), 1, at)
		if row.Code != codes.OK {
			b.failed[at]++
			b.add("failed", (row.Done - row.Due).Seconds(), 1, at)
			continue
		}
		b.add("latency", (row.Done - row.Due).Seconds(), 1, at)
		b.add("service", (row.Done - row.Sent).Seconds(), 1, at)
		if row.Judgement == result.Stale {
			b.stale[at]++
			b.add("staleness", row.Staleness.Seconds(), 1, at)
		}
	}
}

// values returns those of a kind; none where there are none.
func (b *blocks) values(kind string) *values {
	if v := b.by[kind]; v != nil {
		return v
	}
	return &values{}
}

// ones is the weights of what was measured itself: each block once.
func (b *blocks) ones() []int {
	w := make([]int, b.n)
	for i := range w {
		w[i] = 1
	}
	return w
}

func total(v []float64, weights []int) float64 {
	sum := 0.0
	for i, w := range weights {
		sum += float64(w) * v[i]
	}
	return sum
}

// samples counts the values, each as often as its block is drawn.
func (v *values) samples(weights []int) int64 {
	n := int64(0)
	for i, at := range v.block {
		n += int64(v.count[i]) * int64(weights[at])
	}
	return n
}

func (v *values) mean(weights []int) float64 {
	sum, n := 0.0, 0.0
	for i, at := range v.block {
		w := float64(v.count[i]) * float64(weights[at])
		sum += w * v.value[i]
		n += w
	}
	return sum / n
}

// quantile is the value of the nearest rank.
func (v *values) quantile(weights []int, share float64) float64 {
	return v.at(weights, stats.Rank(share, v.samples(weights)))
}

// bounds are the ends of its interval; ±Inf where one is open.
func (v *values) bounds(weights []int, share float64) (low, high float64) {
	n := v.samples(weights)
	first, last := stats.QuantileRanks(share, n)
	low, high = math.Inf(-1), math.Inf(1)
	if first > 0 {
		low = v.at(weights, first)
	}
	if last <= n {
		high = v.at(weights, last)
	}
	return low, high
}

// at is value number rank; NaN of none.
func (v *values) at(weights []int, rank int64) float64 {
	seen := int64(0)
	for i, at := range v.block {
		if seen += int64(v.count[i]) * int64(weights[at]); seen >= rank && seen > 0 {
			return v.value[i]
		}
	}
	return math.NaN()
}
