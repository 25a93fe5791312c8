package fault

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestHangEndsWithItsContext(t *testing.T) {
	for _, c := range []struct {
		context func(context.Context) (context.Context, context.CancelFunc)
		took    time.Duration
		code    codes.Code
		message string
	}{
		{deadline(time.Second), time.Second, codes.DeadlineExceeded, "A hung: context deadline exceeded"},
		{cancelled(3 * ms), 3 * ms, codes.Canceled, "A hung: context canceled"},
	} {
		synctest.Test(t, func(t *testing.T) {
			// What hangs is neither at work nor aborted.
			b := boundaryOf("A", 1, Rules{HangRate: 1, Work: work(t, "5ms"), Aborts: Aborts{{codes.Internal, 1}}})
			ctx, cancel := c.context(t.Context())
			defer cancel()
			done := make(chan error)
			start := time.Now()
			go func() { done <- b.Pass(ctx, Interaction{}) }()
			synctest.Wait()
			if s := b.Statistics()[0]; s.Interactions != 1 || s.Delivered != 1 {
				t.Errorf("while it hangs: %+v", s)
			}
			err := <-done
			if took := time.Since(start); took != c.took {
				t.Errorf("hung for %v, want %v", took, c.took)
			}
			if status.Code(err) != c.code || status.Convert(err).Message() != c.message {
				t.Errorf("error %v, want %v %q", err, c.code, c.message)
			}
			for _, s := range b.Statistics()[1:] {
				if s.Interactions != 0 {
					t.Errorf("what hung arrived at %+v", s)
				}
			}
		})
	}
}
