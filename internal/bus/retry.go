package bus

import (
	"context"
	"errors"

	"github.com/segmentio/kafka-go"

	"crosstalk/internal/clock"
)

const (
	firstPause   = clock.BusFrom
	longestPause = clock.BusUpTo
)

// pause waits before the attempt after the n-th (from 0): 5 ms, doubling up to
// 250 ms. It reports whether ctx still holds. There is no jitter: few clients
// retry at once here, and a run must repeat.
func pause(ctx context.Context, n int) bool {
	return clock.Sleep(ctx, min(firstPause<<min(n, 10), longestPause)) == nil
}

// retriable reports whether the same request may succeed later: the broker
// says so, or the fault lies with the connection and not with the request. An
// end of time counts as the connection's: whether the caller's own time is up
// is for pause to say.
func retriable(err error) bool {
	if errors.Is(err, ErrClosed) || errors.As(err, new(final)) {
		return false
	}
	var answer kafka.Error
	if errors.As(err, &answer) {
		return answer.Temporary() || answer == kafka.BrokerNotAvailable
	}
	return true
}

// final is an error of ours that asking again does not change.
type final struct{ error }
