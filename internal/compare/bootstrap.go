package compare

import (
	"math"
	"math/rand/v2"
	"sort"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

// Bounds on the resamples: what they cost is their number times that of the
// samples.
const (
	mostResamples   = 2000
	fewestResamples = 400
	workOfResamples = 200_000_000
	bootstrapSeed   = 1
)

// pool is both sides of a scenario, cut into blocks.
type pool struct {
	old, new *blocks
	// paired tells that block n of both sides holds the same requests.
	paired bool
	// failedAlone and staleAlone count the requests, of pairs, that failed, or were
	// stale, on one side alone: the old one, the new one. Nil where not paired by
	// request.
	failedAlone, staleAlone *[2]int64
}

// resampled is what the bootstrap says of a metric.
type resampled struct {
	old, new float64 // off all the blocks
	delta    Delta
}

// bootstrap resamples all metrics at once, from the same draws.
func (p *pool) bootstrap(all []metric.Metric) []resampled {
	out := make([]resampled, len(all))
	differences := make([][]float64, len(all))
	changes := make([][]float64, len(all))
	random := rand.New(rand.NewPCG(bootstrapSeed, 0))
	old, new := p.old.ones(), p.new.ones()
	for i, m := range all {
		if s, ok := statisticOf(m.Name); ok {
			out[i].old, out[i].new = s.of(p.old, old), s.of(p.new, new)
		}
	}
	for range p.resamples() {
		stats.Draw(random, old)
		if p.paired {
			copy(new, old)
		} else {
			stats.Draw(random, new)
		}
		for i, m := range all {
			s, ok := p.tested(m)
			if !ok {
				continue
			}
			was, is := s.of(p.old, old), s.of(p.new, new)
			if change := changeOf(m, was, is); !math.IsNaN(is-was) && !math.IsNaN(change) {
				differences[i], changes[i] = append(differences[i], is-was), append(changes[i], change)
			}
		}
	}
	for i, m := range all {
		out[i].delta = p.delta(m, differences[i], changes[i])
	}
	return out
}

func (p *pool) blocks() int { return min(p.old.n, p.new.n) }

func (p *pool) resamples() int {
	samples := 1
	for _, b := range []*blocks{p.old, p.new} {
		for _, v := range b.by {
			samples += len(v.value)
		}
	}
	return min(max(workOfResamples/samples, fewestResamples), mostResamples)
}

// tested returns the statistic of a metric that resamples can tell something of.
func (p *pool) tested(m metric.Metric) (statistic, bool) {
	s, ok := statisticOf(m.Name)
	if !ok || p.blocks() < fewestBlocks {
		return s, false
	}
	return s, s.enough == nil || s.enough(p.old) && s.enough(p.new)
}

// delta is what the resamples of a difference say. A share has to pass an exact
// test as well: resamples of a handful of failures are too sure of themselves.
func (p *pool) delta(m metric.Metric, differences, changes []float64) Delta {
	if len(changes) < p.resamples()*19/20 {
		return Delta{}
	}
	d := Delta{Tested: true, P: stats.BootstrapP(differences, 0, p.blocks())}
	d.Low, d.High = stats.BootstrapInterval(changes, p.blocks())
	d.Seen = (d.High - d.Low) / 2
	if s, ok := p.shares(m.Name); ok {
		d.P, d.Seen = max(d.P, s.p()), max(d.Seen, s.seen())
	}
	return d
}

// shares are k1 of n1 on the old side and k2 of n2 on the new one. alone counts the
// pairs that are of k on one side alone; nil where there are no pairs.
type shares struct {
	alone          *[2]int64
	k1, n1, k2, n2 int64
}

func (p *pool) shares(metric string) (shares, bool) {
	old, new := counted(p.old.sent), counted(p.new.sent)
	switch metric {
	case "errors":
		return shares{p.failedAlone, counted(p.old.failed), old, counted(p.new.failed), new}, true
	case "stale":
		return shares{p.staleAlone, counted(p.old.stale), old - counted(p.old.failed), counted(p.new.stale), new - counted(p.new.failed)}, true
	}
	return shares{}, false
}

// p is that of the exact test.
func (s shares) p() float64 {
	if s.alone != nil {
		return stats.SignTest(s.alone[0], s.alone[1])
	}
	return stats.FisherTest(s.k1, s.n1, s.k2, s.n2)
}

// seen is by how much the new share had to be above the old one for the exact test to
// tell; 1 where nothing would.
func (s shares) seen() float64 {
	equal := s.k1 * s.n2 / max(s.n1, 1)
	room := int(s.n2 - equal)
	more := sort.Search(room+1, func(more int) bool {
		with := s
		if s.alone != nil {
			with.alone = &[2]int64{s.alone[0], s.alone[0] + int64(more)}
		}
		with.k2 = equal + int64(more)
		return with.p() < Alpha
	})
	if more > room {
		return 1
	}
	return float64(more) / float64(s.n2)
}

func counted(v []float64) int64 {
	sum := 0.0
	for _, n := range v {
		sum += n
	}
	return int64(sum)
}

// changeOf is how much a figure changed: of a share, the difference; of others, the
// share of what it was. It is NaN where it was 0 and no longer is.
func changeOf(m metric.Metric, old, new float64) float64 {
	switch {
	case m.Unit == metric.Share:
		return new - old
	case old == new:
		return 0
	case old == 0:
		return math.NaN()
	}
	return new/old - 1
}

// pools cuts both sides into blocks. Requests are paired where the runs are of one
// experiment with one seed and each of them is known on both sides.
func pools(old, new []Run, same bool) (samples, seconds *pool, err error) {
	partners := same && len(old) == len(new)
	if partners {
		old, new, partners = bySeed(old, new)
	}
	seconds = &pool{old: newBlocks(), new: newBlocks()}
	samples = &pool{old: newBlocks(), new: newBlocks(), failedAlone: new2(), staleAlone: new2()}
	complete := partners
	for i, r := range old {
		if err := seconds.old.bySecond(r); err != nil {
			return nil, nil, err
		}
		if !complete {
			continue
		}
		if complete, err = samples.pair(r, new[i]); err != nil {
			return nil, nil, err
		}
	}
	for _, r := range new {
		if err := seconds.new.bySecond(r); err != nil {
			return nil, nil, err
		}
	}
	seconds.paired = partners && seconds.old.n == seconds.new.n
	seconds.finish()
	if !complete || samples.old.n != samples.new.n {
		return nil, seconds, nil
	}
	samples.paired = true
	samples.finish()
	return samples, seconds, nil
}

func new2() *[2]int64 { return &[2]int64{} }

func (p *pool) finish() {
	p.old.sort()
	p.new.sort()
}

// pair adds two runs of the same requests: of those that were sent in both. It is
// not complete where one of them did not write them down.
func (p *pool) pair(old, new Run) (complete bool, err error) {
	was, err := result.LoadSamples(old.Dir)
	if err != nil || was == nil {
		return false, err
	}
	is, err := result.LoadSamples(new.Dir)
	if err != nil || is == nil {
		return false, err
	}
	byID := make(map[int64]result.Row, len(was))
	for _, row := range was {
		byID[row.ID] = row
	}
	var oldRows, newRows []result.Row
	for _, row := range is {
		before, ok := byID[row.ID]
		if !ok || row.Due < 0 {
			continue
		}
		oldRows, newRows = append(oldRows, before), append(newRows, row)
		count(p.failedAlone, before.Code != 0, row.Code != 0)
		count(p.staleAlone, before.Judgement == result.Stale, row.Judgement == result.Stale)
	}
	p.old.bySample(old, oldRows)
	p.new.bySample(new, newRows)
	return true, nil
}

func count(alone *[2]int64, old, new bool) {
	switch {
	case old && !new:
		alone[0]++
	case new && !old:
		alone[1]++
	}
}

// bySeed puts runs with equal seeds side by side. In a closed loop, what is sent
// when depends on the answers, so that its requests are not the same.
func bySeed(old, new []Run) (a, b []Run, ok bool) {
	used := make([]bool, len(new))
	for _, r := range old {
		i := 0
		for i < len(new) && (used[i] || new[i].Experiment.Seed != r.Experiment.Seed) {
			i++
		}
		if i == len(new) || r.Requests.RateAsked == 0 {
			return old, new, false
		}
		used[i] = true
		b = append(b, new[i])
	}
	return old, b, true
}
