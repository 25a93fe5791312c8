package policy

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/record"
)

// answer is what an upstream does with one try.
type answer struct {
	takes time.Duration
	code  codes.Code
}

// upstream gives its answers one after the other, and the last one for ever.
func upstream(answers ...answer) func(ctx context.Context, try int) (record.Record, error) {
	var n atomic.Int64
	return func(ctx context.Context, _ int) (record.Record, error) {
		i := n.Add(1)
		a := answers[min(int(i), len(answers))-1]
		select {
		case <-time.After(a.takes):
		case <-ctx.Done():
			return record.Record{}, status.FromContextError(ctx.Err()).Err()
		}
		if a.code != codes.OK {
			return record.Record{}, status.Error(a.code, "on purpose")
		}
		return record.Record{Key: 1, Version: uint64(i)}, nil
	}
}

// call makes one call with a deadline of a second.
func fetch(t *testing.T, c *Caller, up func(ctx context.Context, try int) (record.Record, error)) (record.Record, codes.Code, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	r, err := c.Fetch(ctx, 1, true, up)
	return r, status.Code(err), time.Since(begin)
}

// Exact, to the nanosecond: what each policy makes of what an upstream does.
func TestCall(t *testing.T) {
	down, ok := answer{5 * ms, codes.Unavailable}, answer{5 * ms, codes.OK}
	hung := answer{time.Hour, codes.OK}
	for name, c := range map[string]struct {
		policy  string
		answers []answer
		code    codes.Code
		took    time.Duration
		want    Statistic
	}{
		"timeout":              {"timeout=50ms", []answer{hung}, codes.DeadlineExceeded, 50 * ms, Statistic{Calls: 1, Tries: 1, Failed: 1}},
		"no timeout":           {"retry=1", []answer{hung}, codes.DeadlineExceeded, time.Second, Statistic{Calls: 1, Tries: 1, Failed: 1}},
		"retry":                {"retry=3", []answer{down, down, ok}, codes.OK, 15 * ms, Statistic{Calls: 1, Tries: 3, Retries: 2, Saved: 1}},
		"retry in vain":        {"retry=2", []answer{down}, codes.Unavailable, 15 * ms, Statistic{Calls: 1, Tries: 3, Retries: 2, Failed: 1}},
		"backoff":              {"retry=4 backoff=10ms..25ms", []answer{down, down, down, down, ok}, codes.OK, 25*ms + 10*ms + 20*ms + 25*ms + 25*ms, Statistic{Calls: 1, Tries: 5, Retries: 4, Saved: 1}},
		"retry after timeout":  {"timeout=20ms retry=1", []answer{hung, ok}, codes.OK, 25 * ms, Statistic{Calls: 1, Tries: 2, Retries: 1, Saved: 1}},
		"not worth a try":      {"retry=3", []answer{{0, codes.NotFound}}, codes.NotFound, 0, Statistic{Calls: 1, Tries: 1, Failed: 1}},
		"hedge":                {"hedge=20ms", []answer{hung, ok}, codes.OK, 25 * ms, Statistic{Calls: 1, Tries: 2, Hedges: 1, Saved: 1}},
		"hedge too late":       {"hedge=20ms", []answer{{10 * ms, codes.OK}}, codes.OK, 10 * ms, Statistic{Calls: 1, Tries: 1}},
		"hedge, first wins":    {"hedge=20ms", []answer{{30 * ms, codes.OK}, hung}, codes.OK, 30 * ms, Statistic{Calls: 1, Tries: 2, Hedges: 1}},
		"hedge after failure":  {"hedge=20ms", []answer{{25 * ms, codes.Unavailable}, {20 * ms, codes.OK}}, codes.OK, 40 * ms, Statistic{Calls: 1, Tries: 2, Hedges: 1, Saved: 1}},
		"fallback of nothing":  {"fallback=last-known", []answer{down}, codes.Unavailable, 5 * ms, Statistic{Calls: 1, Tries: 1, Failed: 1}},
		"deadline of the call": {"retry=100 backoff=300ms", []answer{down}, codes.DeadlineExceeded, time.Second, Statistic{Calls: 1, Tries: 4, Retries: 3, Failed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				caller := NewCaller(policyOf(t, c.policy))
				_, code, took := fetch(t, caller, upstream(c.answers...))
				if code != c.code || took != c.took {
					t.Errorf("%v after %v, want %v after %v", code, took, c.code, c.took)
				}
				if got := caller.Statistic(); got != c.want {
					t.Errorf("%+v, want %+v", got, c.want)
				}
				caller.Close()
			})
		})
	}
}

// Ten of the last twenty fail: the breaker refuses for 5 s, then lets one through.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "breaker=50%/20/5s"))
		down, up := upstream(answer{ms, codes.Unavailable}), upstream(answer{ms, codes.OK})
		for range 10 {
			if _, code, took := fetch(t, caller, down); code != codes.Unavailable || took != ms {
				t.Fatalf("%v after %v", code, took)
			}
		}
		for range 3 {
			if _, code, took := fetch(t, caller, up); code != codes.Unavailable || took != 0 {
				t.Errorf("open: %v after %v", code, took)
			}
		}
		time.Sleep(5 * time.Second)
		if _, code, took := fetch(t, caller, down); code != codes.Unavailable || took != ms {
			t.Errorf("the one that is let through: %v after %v", code, took)
		}
		if _, code, took := fetch(t, caller, up); code != codes.Unavailable || took != 0 {
			t.Errorf("open again: %v after %v", code, took)
		}
		time.Sleep(5 * time.Second)
		for range 30 {
			if _, code, took := fetch(t, caller, up); code != codes.OK || took != ms {
				t.Errorf("closed again: %v after %v", code, took)
			}
		}
		if got := caller.Statistic(); got.Refused != 4 || got.Failed != 15 || got.Tries != 41 {
			t.Errorf("%+v", got)
		}
	})
}

// Ten fail at once and want to try again. With a budget of 20 % three may: the
// third one is 2 of 12 tries under way when it asks, a fourth one would be 3 of 13.
func TestBudget(t *testing.T) {
	for policy, want := range map[string]struct{ retries, overBudget int64 }{
		"retry=1 backoff=10ms":            {10, 0},
		"retry=1 backoff=10ms budget=20%": {3, 7},
	} {
		synctest.Test(t, func(t *testing.T) {
			caller := NewCaller(policyOf(t, policy))
			up := upstream(answer{100 * ms, codes.Unavailable})
			done := make(chan codes.Code)
			for range 10 {
				go func() {
					_, code, _ := fetch(t, caller, up)
					done <- code
				}()
				time.Sleep(ms) // so that no two ask the budget at the same moment
			}
			for range 10 {
				if code := <-done; code != codes.Unavailable {
					t.Errorf("%v", code)
				}
			}
			if got := caller.Statistic(); got.Retries != want.retries || got.OverBudget != want.overBudget {
				t.Errorf("%s: %+v, want %+v", policy, got, want)
			}
		})
	}
}

// The hedge learns what is slow: p90 of tries that take 10 ms, one in ten 50 ms.
func TestHedgeLearnsItsQuantile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "hedge=p90"))
		var n atomic.Int64
		up := func(ctx context.Context, try int) (record.Record, error) {
			takes := 10 * ms
			if n.Add(1)%10 == 0 && try == 0 {
				takes = 400 * ms
			}
			return upstream(answer{takes, codes.OK})(ctx, try)
		}
		for range 400 {
			fetch(t, caller, up)
		}
		before := caller.Statistic()
		if before.Hedges < 20 || before.Saved < 20 {
			t.Errorf("%+v: it does not hedge", before)
		}
		if _, _, took := fetch(t, caller, upstream(answer{400 * ms, codes.OK}, answer{10 * ms, codes.OK})); took >= 100*ms {
			t.Errorf("a try of 400 ms is hedged only after %v", took-10*ms)
		}
		caller.Close()
	})
}

func TestFallbackIsTheNewestKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "fallback=last-known"))
		up := upstream(answer{0, codes.OK}, answer{0, codes.OK}, answer{0, codes.Unavailable})
		for range 2 {
			fetch(t, caller, up)
		}
		if r, code, _ := fetch(t, caller, up); code != codes.OK || r.Version != 2 {
			t.Errorf("%+v, %v", r, code)
		}
		if got := caller.Statistic(); got.Fallbacks != 1 || got.Saved != 1 || got.Failed != 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestWarmUpIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "retry=2 budget=20%"))
		if _, err := caller.Fetch(t.Context(), 1, false, upstream(answer{ms, codes.Unavailable})); status.Code(err) != codes.Unavailable {
			t.Error(err)
		}
		if got := caller.Statistic(); got != (Statistic{}) {
			t.Errorf("%+v", got)
		}
	})
}
