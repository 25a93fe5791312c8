package fault

import (
	"context"
	"time"

	"crosstalk/internal/clock"
)

var slowed = Definition{
	Kind: Slow, Argument: Factor,
	Doc:    "N times the work",
	Parts:  map[Part]string{Service: "10"},
	Inject: newSlow,
}

// slow makes the work of the delays before it take factor times as long.
type slow struct {
	factor float64
	window Window
	delays []*delay
	waits
}

func newSlow(place string, _ uint64, f Fault, _ int, before []Injector) Injector {
	var delays []*delay
	for _, b := range before {
		if d, ok := b.(*delay); ok {
			delays = append(delays, d)
		}
	}
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

func (f *slow) Decide(i Interaction, d Decision) Decision {
	d.Delay += f.extra(i)
	return d
}

func (f *slow) Act(ctx context.Context, i Interaction, _ Decision, sleep clock.Sleeper) error {
	if !f.window.Contains(i.At) {
		return nil
	}
	return f.wait(ctx, i, f.extra(i), sleep)
}

func (f *slow) Statistics() []Statistic {
	return []Statistic{f.statistic(Statistic{Kind: Slow, Window: f.window, Asked: f.factor})}
}
