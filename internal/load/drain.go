package load

import (
	"context"
	"time"

	"crosstalk/internal/schedule"
)

// drain waits for what is under way, and at most DrainLimit, or until ctx ends,
// for what waits for its turn; that is then given up and counted as unsent.
func (d *Driver) drain(ctx context.Context, reads *pool[schedule.Read], writes *pool[change]) error {
	begin := time.Now()
	done := make(chan struct{})
	go func() {
		reads.wait()
		writes.wait()
		close(done)
	}()
	limit := time.NewTimer(d.config.DrainLimit)
	defer limit.Stop()
	var err error
	select {
	case <-done:
	case <-limit.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	d.drained = time.Since(begin)
	unsentReads, unsentWrites := reads.drop(), writes.drop()
	<-done
	for range unsentReads {
		if reads.next().ID >= 0 {
			d.count.Unsent.Add(1)
		}
	}
	for range unsentWrites {
		d.countUnsent(writes.next().Write)
	}
	return err
}

// cancelAfter has all that is in flight cancelled when ctx has ended and Grace is over,
// unless stop is called before.
func (d *Driver) cancelAfter(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	unused := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(Grace):
			d.cancel()
		case <-done:
		}
	})
	return func() {
		unused()
		close(done)
	}
}

// bounded returns the context of one request or write. It does not end with Run's, but
// Grace after it.
func (d *Driver) bounded() (context.Context, context.CancelFunc) {
	if d.config.Timeout == 0 || d.config.OwnTimeout {
		return d.sent, func() {}
	}
	return context.WithTimeout(d.sent, d.config.Timeout)
}

// interrupted tells whether an error is not the target's doing: it came of a cancelled
// context.
func (d *Driver) interrupted(err error) bool { return err != nil && d.sent.Err() != nil }
