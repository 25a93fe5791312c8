package fault

import (
	"context"
	"sync"
	"time"

	"crosstalk/internal/clock"
	"crosstalk/internal/dist"
)

var delayed = Definition{
	Kind: Delay, Argument: Distribution,
	Doc:   "work that takes time; several add up",
	Docs:  map[Part]string{Store: "look-ups and transactions take longer", Bus: "events are delivered late, and in order"},
	Parts: map[Part]string{Service: "100ms", Store: "50ms", Bus: "50ms"},
	Inject: func(place string, seed uint64, f Fault, nth int, _ []Injector) Injector {
		return newDelay(place, seed, f, nth)
	},
	// Of events, Line has the delays: they add up, and keep the order.
}

// delay is the time that is worked on an interaction.
type delay struct {
	work   dist.Distribution
	window Window
	draw   draw
	waits
}

func newDelay(place string, seed uint64, f Fault, nth int) *delay {
	return &delay{
		work: f.Delay, window: f.Window, draw: newDraw(seed, place, Delay, nth),
		waits: waits{place: place},
	}
}

// of returns how long the fault delays i. It is pure.
func (f *delay) of(i Interaction) time.Duration {
	if !f.window.Contains(i.At) {
		return 0
	}
	return f.work.Quantile(f.draw.of(i))
}

func (f *delay) Decide(i Interaction, d Decision) Decision {
	d.Delay += f.of(i)
	return d
}

func (f *delay) Act(ctx context.Context, i Interaction, _ Decision, sleep clock.Sleeper) error {
	if !f.window.Contains(i.At) {
		return nil
	}
	return f.wait(ctx, i, f.of(i), sleep)
}

func (f *delay) Statistics() []Statistic {
	return []Statistic{f.statistic(Statistic{Kind: Delay, Window: f.window, Asked: f.work.Share()})}
}

// waits carries delays out, and counts them.
type waits struct {
	place string

	mu        sync.Mutex
	arrived   int64
	cutShort  int64
	completed int64
	asked     time.Duration // sums over the completed ones
	delivered time.Duration
}

// wait waits for d on behalf of i. Its error is that ctx ended first.
func (w *waits) wait(ctx context.Context, i Interaction, d time.Duration, sleep clock.Sleeper) error {
	w.arrive(i)
	if d == 0 {
		return nil
	}
	start := time.Now()
	completed := wait(ctx, d, sleep)
	if !completed {
		w.cut(i)
		return ended(ctx, w.place, "was at work")
	}
	w.complete(i, d, time.Since(start))
	return nil
}

// wait waits for d, and reports false if ctx ended first. A wait that would end
// at the very deadline is one that ctx ends: left to a race, it would be
// undecided under a fake clock, and most of the time lost under a real one.
func wait(ctx context.Context, d time.Duration, sleep clock.Sleeper) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		<-ctx.Done()
		return false
	}
	return sleep(ctx, d) == nil
}

func (w *waits) arrive(i Interaction) {
	if !i.counted() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrived++
}

func (w *waits) cut(i Interaction) {
	if !i.counted() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutShort++
}

func (w *waits) complete(i Interaction, asked, delivered time.Duration) {
	if !i.counted() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.completed++
	w.asked += asked
	w.delivered += delivered
}

// statistic fills in what was counted.
func (w *waits) statistic(s Statistic) Statistic {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.Interactions, s.Delivered, s.CutShort = w.arrived, w.completed, w.cutShort
	if n := time.Duration(w.completed); n > 0 {
		s.MeanAsked, s.MeanDelivered = w.asked/n, w.delivered/n
	}
	return s
}
