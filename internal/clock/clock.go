// Package clock waits: every wait of the project that a caller may end is one of these.
// Sleep uses package time alone, so that testing/synctest stands in for it; Precise asks
// the kernel, and is for what is measured on a real clock. It also has for how long the
// parts of a run wait before they try again.
package clock

import (
	"context"
	"time"
)

// A Sleeper waits for d, or returns ctx's error as soon as ctx ends.
type Sleeper func(ctx context.Context, d time.Duration) error

// Sleep waits for d, or returns ctx's error as soon as ctx ends. A d of 0 or less
// does not wait.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
