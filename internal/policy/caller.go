package policy

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/budget"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/record"
)

// How a quantile of what the tries take is learned: over about so many of the
// last ones, and not before there were so many.
const (
	HedgeWindow = 500
	HedgeFrom   = 50
)

// Caller carries out a policy around one need of one service. It is safe for
// concurrent use: all calls share its breaker, its budget and what it has learned.
type Caller struct {
	policy   Policy
	executor failsafe.Executor[record.Record]
	breaker  circuitbreaker.CircuitBreaker[record.Record] // nil where there is none
	count    counts
	under    sync.WaitGroup // tries

	mu   sync.Mutex
	last map[record.Key]record.Record // what is known, for the fallback
}

type counts struct {
	calls, tries, retries, hedges, saved, failed, refused, overBudget, fallbacks atomic.Int64
}

// Statistic is what a caller's policy did, the warm-up left out.
type Statistic struct {
	// Calls counts what was asked of the need, and Tries how often it was tried:
	// their quotient is the amplification.
	Calls, Tries int64
	// Retries and Hedges are the tries that followed one that failed, or that ran
	// beside one that took long.
	Retries, Hedges int64
	// Saved counts the calls that succeeded although a try of theirs failed, or by
	// a hedge or by the fallback; Failed those that failed in the end.
	Saved, Failed int64
	// Refused counts the tries that an open breaker refused, OverBudget those that
	// the budget did not allow. Fallbacks counts the answers by the fallback.
	Refused, OverBudget, Fallbacks int64
}

// NewCaller returns the caller of a policy.
func NewCaller(p Policy) *Caller {
	c := &Caller{policy: p, last: make(map[record.Key]record.Record)}
	c.executor = failsafe.With(c.policies()...)
	return c
}

// policies are from the outermost to the innermost: a retry is a new pass through
// the breaker, and a hedge does not ask the breaker again.
func (c *Caller) policies() []failsafe.Policy[record.Record] {
	p := c.policy
	var out []failsafe.Policy[record.Record]
	var shared budget.Budget
	if p.Budget > 0 {
		shared = budget.NewBuilder().WithMaxRate(float64(p.Budget)).WithMinConcurrency(1).
			OnBudgetExceeded(func(e budget.ExceededEvent) { c.countIn(e.Context(), &c.count.overBudget) }).Build()
	}
	if p.Retry > 0 {
		b := retrypolicy.NewBuilder[record.Record]().WithMaxRetries(p.Retry).ReturnLastFailure().
			HandleIf(func(_ record.Record, err error) bool { return worthATry(err) })
		if p.Backoff.From > 0 {
			// Without jitter: a run must repeat.
			b = b.WithBackoff(p.Backoff.From, p.Backoff.UpTo)
		}
		if shared != nil {
			b = b.WithBudget(shared)
		}
		out = append(out, b.Build())
	}
	if p.Breaker.Count > 0 {
		c.breaker = circuitbreaker.NewBuilder[record.Record]().
			HandleIf(func(_ record.Record, err error) bool { return worthATry(err) }).
			WithFailureThresholdRatio(uint(p.Breaker.Failures()), uint(p.Breaker.Count)).
			WithSuccessThreshold(1).WithDelay(p.Breaker.Open).Build()
		out = append(out, c.breaker)
	}
	if p.Hedge != (Hedge{}) {
		b := hedgepolicy.NewBuilderWithDelay[record.Record](p.Hedge.After)
		if p.Hedge.Quantile > 0 {
			b = hedgepolicy.NewBuilderWithDelayQuantile[record.Record](p.Hedge.Quantile, HedgeWindow, HedgeFrom)
		}
		// The first answer counts, and a failure does not end the other try.
		b = b.CancelIf(func(_ record.Record, err error) bool { return err == nil })
		if shared != nil {
			b = b.WithBudget(shared)
		}
		out = append(out, b.Build())
	}
	return out
}

// worthATry reports whether the same call may succeed at another try. What a
// breaker refuses it would refuse again.
func worthATry(err error) bool {
	return err != nil && !errors.Is(err, circuitbreaker.ErrOpen) && WorthATry(status.Code(err))
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

type countedKey struct{}

func (c *Caller) countIn(ctx context.Context, n *atomic.Int64) {
	if counted, _ := ctx.Value(countedKey{}).(bool); counted {
		n.Add(1)
	}
}

// Fetch calls fetch as the policy says, with the number of the try, from 0, and
// returns what is answered in the end. Its errors are gRPC statuses. A call that
// is not counted, as in the warm-up, meets the same policy.
func (c *Caller) Fetch(ctx context.Context, key record.Key, counted bool, fetch func(ctx context.Context, try int) (record.Record, error)) (record.Record, error) {
	ctx = context.WithValue(ctx, countedKey{}, counted)
	c.countIn(ctx, &c.count.calls)
	one := call{caller: c, fetch: fetch}
	answer, err := c.executor.WithContext(ctx).GetWithExecution(one.try)
	saved := err == nil && one.answered.Load() > 0
	if err != nil {
		err = one.explain(err)
		if known, ok := c.known(key); ok && c.policy.Fallback {
			c.countIn(ctx, &c.count.fallbacks)
			answer, err, saved = known, nil, true
		}
	} else if c.policy.Fallback {
		c.learn(key, answer)
	}
	switch {
	case saved:
		c.countIn(ctx, &c.count.saved)
	case err != nil:
		c.countIn(ctx, &c.count.failed)
	}
	if one.refused {
		c.countIn(ctx, &c.count.refused)
	}
	return answer, err
}

// call is one call under way, with all its tries.
type call struct {
	caller   *Caller
	fetch    func(ctx context.Context, try int) (record.Record, error)
	tries    atomic.Int64
	answered atomic.Int64 // the number of the try that succeeded
	failure  atomic.Pointer[error]
	refused  bool
}

// try is one try. Its timeout is a deadline, and not failsafe-go's Timeout, so
// that it travels with the call: the upstream stops working for nobody.
func (c *call) try(exec failsafe.Execution[record.Record]) (record.Record, error) {
	c.caller.under.Add(1)
	defer c.caller.under.Done()
	ctx := exec.Context()
	count := &c.caller.count
	c.caller.countIn(ctx, &count.tries)
	n := c.tries.Add(1) - 1
	switch {
	case exec.IsHedge():
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
	if err != nil {
		c.failure.Store(&err)
	} else {
		c.answered.Store(n)
	}
	return answer, err
}

var errOpen = status.Error(codes.Unavailable, "the breaker is open")

// explain turns what failsafe-go says into a gRPC status.
func (c *call) explain(err error) error {
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		c.refused = true
		return errOpen
	case errors.Is(err, budget.ErrExceeded):
		if failure := c.failure.Load(); failure != nil {
			return *failure // why another try was wanted
		}
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		return status.FromContextError(err).Err()
	}
	return err
}

// known returns the newest record that was received for a key.
func (c *Caller) known(key record.Key) (record.Record, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.last[key]
	return r, ok
}

func (c *Caller) learn(key record.Key, r record.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Version >= c.last[key].Version { // answers may overtake each other
		c.last[key] = r
	}
}

// Statistic returns what has been counted so far.
func (c *Caller) Statistic() Statistic {
	n := &c.count
	return Statistic{
		Calls: n.calls.Load(), Tries: n.tries.Load(), Retries: n.retries.Load(), Hedges: n.hedges.Load(),
		Saved: n.saved.Load(), Failed: n.failed.Load(), Refused: n.refused.Load(),
		OverBudget: n.overBudget.Load(), Fallbacks: n.fallbacks.Load(),
	}
}

// Breaker returns the state of the breaker: closed, half-open or open; empty where
// there is none.
func (c *Caller) Breaker() string {
	if c.breaker == nil {
		return ""
	}
	return c.breaker.State().String()
}

// Close returns when no try is under way any more: a hedge that lost can still
// be on its way back.
func (c *Caller) Close() error {
	c.under.Wait()
	return nil
}
