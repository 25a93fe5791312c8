package fault

import (
	"context"
	"time"

	"crosstalk/internal/clock"
)

// slow makes the work of the delays before it take factor times as long.
type slow struct {
	factor float64
	window Window
	delays []*delay
	waits
}

func newSlow(place string, f Fault, delays []*delay) fault {
	return &slow{factor: f.Factor, window: f.Window, delays: delays, waits: waits{place: place}}
}

// extra is what the fault adds to the work on i. It is pure.
func (f *slow) extra(i Interaction) time.Duration {
	if !f.window.Contains(i.At) {
		return 0
	}
	var work time.Duration
	for _, d := range f.delays {
		work += d.of(i)
	}
	return time.Duration(float64(work) * (f.factor - 1))
}

func (f *slow) decide(i Interaction, d Decision) Decision {
	d.Delay += f.extra(i)
	return d
}

func (f *slow) act(ctx context.Context, i Interaction, _ Decision, sleep clock.Sleeper) error {
	if !f.window.Contains(i.At) {
		return nil
	}
	return f.wait(ctx, i, f.extra(i), sleep)
}

func (f *slow) statistics() []Statistic {
	return []Statistic{f.statistic(Statistic{Kind: Slow, Window: f.window, Asked: f.factor})}
}
