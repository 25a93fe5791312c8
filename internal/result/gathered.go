package result

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
)

// gathered is what the flushing goroutine has made of the batches so far. Others
// read it after Close.
type gathered struct {
	// open are the seconds from oldest on, without gaps.
	open   []*second
	oldest int
	begun  bool
	latest int // the newest second in which a request was due
	free   []*second
	made   int // seconds there are in all, to be reused
	dues   []dues

	measured, warmUp Counts
	within           traffic
	answers          Answers
	failures         map[codes.Code]int64

	sampling bool
	rows     []Row  // of samples.csv, to be put in order
	lines    []byte // of samples.csv, to be written
}

// traffic is what passed within the measured part, whenever it was due.
type traffic struct{ sent, succeeded int64 }

func newGathered(sampling bool) gathered {
	g := gathered{failures: make(map[codes.Code]int64), sampling: sampling}
	if sampling {
		g.lines = append(g.lines, samplesHeader...)
	}
	return g
}

// gather takes batches in, in the order in which things happen: what is due comes
// before what came of it, and the first second before the others.
func (g *gathered) gather(batches []*batch, end time.Duration) {
	g.dues = g.dues[:0]
	for _, b := range batches {
		g.dues = append(g.dues, b.dues...)
	}
	slices.SortFunc(g.dues, func(a, b dues) int { return cmp.Compare(a.second, b.second) })
	for _, d := range g.dues {
		g.due(d)
	}
	for _, b := range batches {
		for _, row := range b.rows {
			g.count(row, end)
			if s := g.at(secondOf(row.Due)); s != nil {
				s.add(row)
			}
		}
		for _, l := range b.lags {
			if s := g.at(secondOf(l.at)); s != nil {
				s.intervals[ReplicationLag].add(l.lag)
			}
		}
		if g.sampling {
			g.rows = append(g.rows, b.rows...)
		}
	}
}

func (g *gathered) due(d dues) {
	g.counts(d.second).Due += d.due
	if s := g.at(d.second); s != nil {
		s.Due += d.due
		s.done += d.given
		g.latest = max(g.latest, s.Second.Second)
	}
}

// at returns a second, opening it and all before it. What comes after its second
// was completed, and that takes a delay of over a second that no request accounts
// for, goes with the oldest one open; but what belongs to the warm-up never goes
// with the measured part: then it returns nil.
func (g *gathered) at(number int) *second {
	if !g.begun {
		g.begun, g.oldest, g.latest = true, number, number
	}
	if number < 0 && g.oldest >= 0 {
		return nil
	}
	number = max(number, g.oldest)
	for next := g.oldest + len(g.open); next <= number; next++ {
		g.open = append(g.open, g.take(next))
	}
	return g.open[number-g.oldest]
}

// take returns an empty second.
func (g *gathered) take(number int) *second {
	var s *second
	if last := len(g.free) - 1; last >= 0 {
		s, g.free = g.free[last], g.free[:last]
	} else {
		s = &second{}
		g.made++
	}
	s.reset(number)
	return s
}

// complete returns the oldest seconds that nothing more is to come for. It is
// called when all lanes were emptied; newest is the newest second before that. One second is left in between, for the
// requests of a closed loop and for lags, whose times can be told a little out of
// order.
func (g *gathered) complete(newest int) []*second {
	n, latest := 0, min(g.latest, newest)
	for n < len(g.open) && latest-g.oldest >= 2 &&
		(g.open[n].complete() || latest-g.oldest > horizon) {
		n++
		g.oldest++
	}
	done := slices.Clone(g.open[:n])
	g.open = slices.Delete(g.open, 0, n)
	return done
}

// rest returns all that is open.
func (g *gathered) rest() []*second {
	open := g.open
	g.open = nil
	return open
}

// takeLines returns the lines of the requests that were gathered, in the order in
// which they were complete. The caller gives it back.
func (g *gathered) takeLines() []byte {
	slices.SortStableFunc(g.rows, func(a, b Row) int { return cmp.Compare(a.Done, b.Done) })
	for _, row := range g.rows {
		g.lines = row.appendCSV(g.lines)
	}
	g.rows = g.rows[:0]
	lines := g.lines
	g.lines = g.lines[:0]
	return lines
}

func (g *gathered) counts(second int) *Counts {
	if second < 0 {
		return &g.warmUp
	}
	return &g.measured
}

func (g *gathered) count(row Row, end time.Duration) {
	c := g.counts(secondOf(row.Due))
	c.Sent++
	if row.Code == codes.OK {
		c.Succeeded++
	} else {
		c.Failed++
	}
	if row.Sent >= 0 && row.Sent < end {
		g.within.sent++
	}
	if row.Code == codes.OK && row.Done >= 0 && row.Done < end {
		g.within.succeeded++
	}
	if row.Due < 0 {
		return
	}
	if row.Code != codes.OK {
		g.failures[row.Code]++
	} else if row.Judgement == Unjudged {
		g.answers.Unjudged++
	}
	g.answers.count(row.Judgement)
}
