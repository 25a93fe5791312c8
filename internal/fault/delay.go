package fault

import (
	"context"
	"sync"
	"time"

	"crosstalk/internal/clock"
	"crosstalk/internal/dist"
)

// delay is the time that a service works on an interaction.
type delay struct {
	service string
	work    dist.Distribution
	draw    draw

	mu        sync.Mutex
	arrived   int64
	cutShort  int64
	completed int64
	asked     time.Duration // sums over the completed ones
	delivered time.Duration
}

func newDelay(service string, seed uint64, work dist.Distribution) *delay {
	return &delay{service: service, work: work, draw: newDraw(seed, service, "delay")}
}

func (f *delay) decide(i Interaction, d Decision) Decision {
	d.Delay = f.work.Quantile(f.draw.of(i))
	return d
}

func (f *delay) act(ctx context.Context, i Interaction, d Decision) error {
	f.countArrival(i)
	if d.Delay == 0 {
		return nil
	}
	start := time.Now()
	completed := wait(ctx, d.Delay)
	f.countEnd(i, d.Delay, time.Since(start), completed)
	if !completed {
		return ended(ctx, f.service, "was at work")
	}
	return nil
}

// wait waits for d, and reports false if ctx ended first. A wait that would end
// at the very deadline is one that ctx ends: left to a race, it would be
// undecided under a fake clock, and most of the time lost under a real one.
func wait(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		<-ctx.Done()
		return false
	}
	return clock.Sleep(ctx, d) == nil
}

func (f *delay) countArrival(i Interaction) {
	if !i.counted() {
		return
	}
	f.mu.Lock()
	f.arrived++
	f.mu.Unlock()
}

func (f *delay) countEnd(i Interaction, asked, delivered time.Duration, completed bool) {
	if !i.counted() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !completed {
		f.cutShort++
		return
	}
	f.completed++
	f.asked += asked
	f.delivered += delivered
}

func (f *delay) statistics() []Statistic {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := Statistic{
		Kind: "delay", Asked: f.work.Share(), Interactions: f.arrived, Delivered: f.completed, CutShort: f.cutShort,
	}
	if n := time.Duration(f.completed); n > 0 {
		s.MeanAsked, s.MeanDelivered = f.asked/n, f.delivered/n
	}
	return []Statistic{s}
}
