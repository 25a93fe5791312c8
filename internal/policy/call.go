package policy

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/failsafe-go/failsafe-go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/record"
)

// call is one call in flight, with all its tries: retries around the breaker around the
// hedge around the try.
type call struct {
	caller   *Caller
	ctx      context.Context
	fetch    func(ctx context.Context, try int) (record.Record, error)
	tries    atomic.Int64
	answered atomic.Int64          // the number of the try that succeeded
	failure  atomic.Pointer[error] // of the last try that ended while the call went on
}

var (
	errOpen       = status.Error(codes.Unavailable, "the breaker is open")
	errOverBudget = errors.New("the budget allows no other try")
)

// givenUp reports whether the service no longer waits for the call, which then says
// nothing of the dependency.
func (c *call) givenUp() bool { return errors.Is(c.ctx.Err(), context.Canceled) }

func (c *call) retried() (record.Record, error) {
	if c.caller.retry == nil {
		return c.pass(c.ctx)
	}
	return c.caller.retry.WithContext(c.ctx).GetWithExecution(func(exec failsafe.Execution[record.Record]) (record.Record, error) {
		if exec.IsRetry() && !c.caller.affords(c.ctx) {
			return record.Record{}, errOverBudget
		}
		return c.pass(exec.Context())
	})
}

// pass goes through the breaker.
func (c *call) pass(ctx context.Context) (record.Record, error) {
	permit, ok := c.caller.allow()
	if !ok {
		c.caller.countIn(ctx, &c.caller.count.refused)
		return record.Record{}, errOpen
	}
	answer, err := c.hedged(ctx)
	c.caller.record(permit, c.verdict(err))
	return answer, err
}

func (c *call) verdict(err error) Verdict {
	switch {
	case c.givenUp():
		return None
	case worthATry(err):
		return Failed
	}
	return Succeeded // or the service has said what it would say again
}

func (c *call) hedged(ctx context.Context) (record.Record, error) {
	if c.caller.hedge == nil {
		return c.try(ctx, false)
	}
	answer, err := c.caller.hedge.WithContext(ctx).GetWithExecution(func(exec failsafe.Execution[record.Record]) (record.Record, error) {
		if exec.IsHedge() && !c.caller.affords(ctx) {
			return record.Record{}, errOverBudget
		}
		return c.try(exec.Context(), exec.IsHedge())
	})
	if err != nil {
		err = c.explain(err)
	}
	return answer, err
}

// try is one try. Its timeout is a deadline, and not failsafe-go's Timeout, so
// that it travels with the call: the upstream stops working for nobody.
func (c *call) try(ctx context.Context, hedge bool) (record.Record, error) {
	c.caller.under.Add(1)
	defer c.caller.under.Done()
	count := &c.caller.count
	c.caller.countIn(ctx, &count.tries)
	n := c.tries.Add(1) - 1
	switch {
	case hedge:
		c.caller.countIn(ctx, &count.hedges)
	case n > 0:
		c.caller.countIn(ctx, &count.retries)
	}
	if limit := c.caller.policy.Timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	answer, err := c.fetch(ctx, int(n))
	if err == nil {
		c.answered.Store(n)
		return answer, nil
	}
	if c.ctx.Err() == nil {
		c.failure.Store(&err)
	}
	if code := status.Code(err); code != codes.Canceled && int(code) < len(count.failures) {
		c.caller.countIn(ctx, &count.failures[code])
	}
	return answer, err
}

// explain turns what failsafe-go says into a gRPC status, which tells of the last try
// that failed where that was not what ended the call.
func (c *call) explain(err error) error {
	failure := c.failure.Load()
	switch {
	case errors.Is(err, errOverBudget) && failure != nil:
		return *failure // why another try was wanted
	case c.ctx.Err() == nil:
		return err
	}
	end := status.FromContextError(c.ctx.Err())
	if failure == nil {
		return end.Err()
	}
	last := status.Convert(*failure)
	return status.Errorf(end.Code(), "%s; the last try had ended with %s: %s", end.Message(), last.Code(), last.Message())
}

// worthATry reports whether the same call may succeed at another try. What a
// breaker refuses it would refuse again.
func worthATry(err error) bool {
	return err != nil && !errors.Is(err, errOpen) && !errors.Is(err, errOverBudget) && WorthATry(status.Code(err))
}

// WorthATry reports whether a call that failed with a code may succeed at another
// try. What the upstream says of the request itself, such as NOT_FOUND, it would
// say again.
func WorthATry(code codes.Code) bool {
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.Unknown, codes.DataLoss:
		return true
	}
	return false
}
