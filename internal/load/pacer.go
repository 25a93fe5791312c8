package load

import (
	"context"
	"time"

	"crosstalk/internal/clock"
)

// A Pacer waits until a moment and returns nil at it, or ctx's error before.
type Pacer func(ctx context.Context, until time.Time) error

// Timer waits by Go's timers, which a fake clock can stand in for. On a real one
// they wake at a granularity of about a millisecond, and so turn any schedule
// into bursts a millisecond apart.
func Timer(ctx context.Context, until time.Time) error {
	return clock.Sleep(ctx, time.Until(until))
}

// Precise waits by the kernel's timer until shortly before the moment and spins for
// the rest: within 0.1 ms of it at a few per cent of a core.
//
// A thread of its own, asleep in the kernel, wakes as exactly, but holds its
// processor while it sleeps: what it has sent then waits for another thread to be
// woken. Here the request begins on the processor that was waiting.
func Precise(ctx context.Context, until time.Time) error {
	if err := clock.Precise(ctx, time.Until(until)-early); err != nil {
		return err
	}
	for time.Now().Before(until) {
	}
	return nil
}
