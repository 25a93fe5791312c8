package policy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/hedgepolicy"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"crosstalk/internal/record"
)

// How a quantile of what the tries take is learned: over about so many of the
// last ones, and not before there were so many.
const (
	HedgeWindow = 500
	HedgeFrom   = 50
)

// Caller carries out a policy around one dependency of one service. It is safe for
// concurrent use: all calls share its circuit, its budget and what it has learned.
type Caller struct {
	policy  Policy
	retry   failsafe.Executor[record.Record] // nil where nothing is tried again
	hedge   failsafe.Executor[record.Record] // nil where nothing is hedged
	started time.Time
	count   counts
	under   sync.WaitGroup // tries

	mu      sync.Mutex
	circuit *Circuit
	tokens  *Tokens
	last    map[record.Key]record.Record // what is known, for the fallback
}

type counts struct {
	calls, tries, retries, hedges, saved, failed, cancelled, refused, overBudget, fallbacks atomic.Int64
	failures                                                                                [len(ByCode{})]atomic.Int64
}

// Statistic is what a caller's policy did, the warm-up left out.
type Statistic struct {
	// Calls counts what was asked of the dependency, and Tries how often it was tried:
	// their quotient is the amplification.
	Calls int64 `json:"calls"`
	// How often it was asked.
	Tries int64 `json:"tries"`
	// Retries and Hedges are the tries that followed one that failed, or that ran
	// beside one that took long.
	Retries int64 `json:"retries"`
	// Tries beside one that took long.
	Hedges int64 `json:"hedges"`
	// Saved counts the calls that succeeded although a try of theirs failed, or by
	// a hedge or by the fallback; Failed those that failed in the end; Cancelled those
	// that the service gave up, as where another of its dependencies had failed: they say
	// nothing of this one. Runs from before there was Cancelled have them in Failed.
	Saved int64 `json:"saved"`
	// Calls that failed in the end.
	Failed int64 `json:"failed"`
	// Calls that the consumer gave up, as where another of its dependencies had failed.
	Cancelled int64 `json:"cancelled,omitempty"`
	// Refused counts the calls that an open breaker refused, OverBudget the tries that
	// the budget did not allow. Fallbacks counts the answers by the fallback.
	Refused int64 `json:"refused"`
	// Tries that the budget did not allow.
	OverBudget int64 `json:"over_budget"`
	// Answers by the fallback.
	Fallbacks int64 `json:"fallbacks"`
	// Failures counts the tries that failed, those that the service gave up left out.
	Failures ByCode `json:"failures,omitzero"`
}

// Add adds what another caller's policy did.
func (s *Statistic) Add(other Statistic) {
	s.Calls += other.Calls
	s.Tries += other.Tries
	s.Retries += other.Retries
	s.Hedges += other.Hedges
	s.Saved += other.Saved
	s.Failed += other.Failed
	s.Cancelled += other.Cancelled
	s.Refused += other.Refused
	s.OverBudget += other.OverBudget
	s.Fallbacks += other.Fallbacks
	for code := range s.Failures {
		s.Failures[code] += other.Failures[code]
	}
}

// NewCaller returns the caller of a policy.
//
// Retries and hedges are failsafe-go's. Breaker and budget are not: its breaker takes a
// cancelled trial for a success, and its budget always allows one at a time.
func NewCaller(p Policy) *Caller {
	c := &Caller{
		policy: p, started: time.Now(), circuit: NewCircuit(p.Breaker), tokens: NewTokens(p.Budget),
		last: make(map[record.Key]record.Record),
	}
	if p.Retry > 0 {
		b := retrypolicy.NewBuilder[record.Record]().WithMaxRetries(p.Retry).ReturnLastFailure().
			HandleIf(func(_ record.Record, err error) bool { return worthATry(err) })
		if p.Backoff.From > 0 {
			// Without jitter: a run must repeat.
			b = b.WithBackoff(p.Backoff.From, p.Backoff.UpTo)
		}
		c.retry = failsafe.With(b.Build())
	}
	if p.Hedge != (Hedge{}) {
		b := hedgepolicy.NewBuilderWithDelay[record.Record](p.Hedge.After)
		if p.Hedge.Quantile > 0 {
			b = hedgepolicy.NewBuilderWithDelayQuantile[record.Record](p.Hedge.Quantile, HedgeWindow, HedgeFrom)
		}
		// The first answer counts, and a failure does not end the other try.
		c.hedge = failsafe.With(b.CancelIf(func(_ record.Record, err error) bool { return err == nil }).Build())
	}
	return c
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
	c.called()
	one := call{caller: c, ctx: ctx, fetch: fetch}
	answer, err := one.retried()
	if err != nil {
		err = one.explain(err)
		if known, ok := c.known(key); ok && !one.givenUp() {
			c.countIn(ctx, &c.count.fallbacks)
			c.countIn(ctx, &c.count.saved)
			return known, nil
		}
	}
	switch {
	case err == nil:
		c.learn(key, answer)
		if one.answered.Load() > 0 {
			c.countIn(ctx, &c.count.saved)
		}
	case one.givenUp():
		c.countIn(ctx, &c.count.cancelled)
	default:
		c.countIn(ctx, &c.count.failed)
	}
	return answer, err
}

func (c *Caller) now() time.Duration { return time.Since(c.started) }

func (c *Caller) called() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens.Called(c.now())
}

// affords reports whether the budget allows another try.
func (c *Caller) affords(ctx context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tokens.Take(c.now()) {
		return true
	}
	c.countIn(ctx, &c.count.overBudget)
	return false
}

func (c *Caller) allow() (Permit, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.circuit.Allow(c.now())
}

func (c *Caller) record(p Permit, v Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.circuit.Record(p, v, c.now())
}

// known returns the newest record that was received for a key.
func (c *Caller) known(key record.Key) (record.Record, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.last[key]
	return r, ok
}

func (c *Caller) learn(key record.Key, r record.Record) {
	if !c.policy.Fallback {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Version >= c.last[key].Version { // answers may overtake each other
		c.last[key] = r
	}
}

// Statistic returns what has been counted so far.
func (c *Caller) Statistic() Statistic {
	n := &c.count
	s := Statistic{
		Calls: n.calls.Load(), Tries: n.tries.Load(), Retries: n.retries.Load(), Hedges: n.hedges.Load(),
		Saved: n.saved.Load(), Failed: n.failed.Load(),
		Cancelled: n.cancelled.Load(), Refused: n.refused.Load(), OverBudget: n.overBudget.Load(), Fallbacks: n.fallbacks.Load(),
	}
	for code := range s.Failures {
		s.Failures[code] = n.failures[code].Load()
	}
	return s
}

// Breaker returns the state of the breaker: closed, half-open or open; empty where
// there is none.
func (c *Caller) Breaker() string {
	if c.circuit == nil {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.circuit.state.String()
}

// Close returns when no try is under way any more: a hedge that lost can still
// be on its way back.
func (c *Caller) Close() error {
	c.under.Wait()
	return nil
}
