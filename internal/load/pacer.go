package load

import (
	"context"
	"runtime"
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

// How Precise waits. A nap is bounded so that the end of ctx is seen in time; the
// spin covers what the kernel's wake-up is late by, 51 µs at the median.
const (
	longestNap = 20 * time.Millisecond
	spin       = 80 * time.Microsecond
)

// Precise sleeps in the kernel until shortly before the moment and spins for the
// rest: within 0.1 ms of it at a few per cent of a core. Its goroutine should be
// the only one on its thread; see OnOwnThread.
func Precise(ctx context.Context, until time.Time) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		wait := time.Until(until) - spin
		if wait <= 0 {
			break
		}
		nap(min(wait, longestNap))
	}
	// No Gosched: on a thread of its own it would hand the thread over and back.
	for time.Now().Before(until) {
	}
	return nil
}

// OnOwnThread runs fn on a thread that runs nothing else and wakes precisely.
func OnOwnThread(fn func()) {
	runtime.LockOSThread()
	// Not unlocked: the thread's timer slack was changed, so it ends with fn's
	// goroutine instead of going back to the runtime.
	sharpen()
	fn()
}
