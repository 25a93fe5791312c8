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
		"timeout":              {"timeout=50ms", []answer{hung}, codes.DeadlineExceeded, 50 * ms, Statistic{Calls: 1, Tries: 1, Failed: 1, Failures: ByCode{codes.DeadlineExceeded: 1}}},
		"no timeout":           {"retry=1", []answer{hung}, codes.DeadlineExceeded, time.Second, Statistic{Calls: 1, Tries: 1, Failed: 1, Failures: ByCode{codes.DeadlineExceeded: 1}}},
		"retry":                {"retry=3", []answer{down, down, ok}, codes.OK, 15 * ms, Statistic{Calls: 1, Tries: 3, Retries: 2, Saved: 1, Failures: ByCode{codes.Unavailable: 2}}},
		"retry in vain":        {"retry=2", []answer{down}, codes.Unavailable, 15 * ms, Statistic{Calls: 1, Tries: 3, Retries: 2, Failed: 1, Failures: ByCode{codes.Unavailable: 3}}},
		"backoff":              {"retry=4 backoff=10ms..25ms", []answer{down, down, down, down, ok}, codes.OK, 25*ms + 10*ms + 20*ms + 25*ms + 25*ms, Statistic{Calls: 1, Tries: 5, Retries: 4, Saved: 1, Failures: ByCode{codes.Unavailable: 4}}},
		"retry after timeout":  {"timeout=20ms retry=1", []answer{hung, ok}, codes.OK, 25 * ms, Statistic{Calls: 1, Tries: 2, Retries: 1, Saved: 1, Failures: ByCode{codes.DeadlineExceeded: 1}}},
		"not worth a try":      {"retry=3", []answer{{0, codes.NotFound}}, codes.NotFound, 0, Statistic{Calls: 1, Tries: 1, Failed: 1, Failures: ByCode{codes.NotFound: 1}}},
		"hedge":                {"hedge=20ms", []answer{hung, ok}, codes.OK, 25 * ms, Statistic{Calls: 1, Tries: 2, Hedges: 1, Saved: 1}},
		"hedge too late":       {"hedge=20ms", []answer{{10 * ms, codes.OK}}, codes.OK, 10 * ms, Statistic{Calls: 1, Tries: 1}},
		"hedge, first wins":    {"hedge=20ms", []answer{{30 * ms, codes.OK}, hung}, codes.OK, 30 * ms, Statistic{Calls: 1, Tries: 2, Hedges: 1}},
		"hedge after failure":  {"hedge=20ms", []answer{{25 * ms, codes.Unavailable}, {20 * ms, codes.OK}}, codes.OK, 40 * ms, Statistic{Calls: 1, Tries: 2, Hedges: 1, Saved: 1, Failures: ByCode{codes.Unavailable: 1}}},
		"fallback of nothing":  {"fallback=last-known", []answer{down}, codes.Unavailable, 5 * ms, Statistic{Calls: 1, Tries: 1, Failed: 1, Failures: ByCode{codes.Unavailable: 1}}},
		"deadline of the call": {"retry=100 backoff=300ms", []answer{down}, codes.DeadlineExceeded, time.Second, Statistic{Calls: 1, Tries: 4, Retries: 3, Failed: 1, Failures: ByCode{codes.Unavailable: 4}}},
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

// Ten fail at once and want to try again. Their calls pay for two retries of 20 %, and
// none of one call in 100,000.
func TestBudget(t *testing.T) {
	for policy, want := range map[string]struct{ retries, overBudget int64 }{
		"retry=1 backoff=10ms":                {10, 0},
		"retry=1 backoff=10ms budget=20%":     {2, 8},
		"retry=1 backoff=10ms budget=0.001%":  {0, 10},
		"retry=1 backoff=10ms budget=0+100/s": {10, 0}, // one each 10 ms, from the first call on
		"retry=1 backoff=10ms budget=0+10/s":  {1, 9},
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
					t.Errorf("%s: %v", policy, code)
				}
			}
			if got := caller.Statistic(); got.Retries != want.retries || got.OverBudget != want.overBudget {
				t.Errorf("%s: %+v, want %+v", policy, got, want)
			}
		})
	}
}

// A hedge takes from the budget as well, and one that it refuses ends nothing.
func TestBudgetOfHedges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "hedge=20ms budget=50%"))
		for range 4 {
			if _, code, took := fetch(t, caller, upstream(answer{30 * ms, codes.OK})); code != codes.OK || took != 30*ms {
				t.Errorf("%v after %v", code, took)
			}
		}
		if got := caller.Statistic(); got.Hedges != 2 || got.OverBudget != 2 || got.Tries != 6 {
			t.Errorf("%+v", got)
		}
		// Refused after the only try had failed, it is that failure which is told.
		if _, code, took := fetch(t, caller, upstream(answer{5 * ms, codes.Internal})); code != codes.Internal || took != 20*ms {
			t.Errorf("%v after %v", code, took)
		}
		caller.Close()
	})
}

// What a breaker refuses is not tried again.
func TestOpenBreakerIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "retry=3 backoff=10ms breaker=100%/1/5s"))
		down := upstream(answer{ms, codes.Unavailable})
		for range 3 {
			fetch(t, caller, down)
		}
		// The first call fails, opens the breaker, and its retry is refused at once.
		if got := caller.Statistic(); got.Tries != 1 || got.Refused != 3 || got.Failed != 3 {
			t.Errorf("%+v", got)
		}
	})
}

// A call that its service gives up says nothing of the dependency: it is neither a
// failure, nor a success that closes the breaker, nor does it use the trial up.
func TestGivenUp(t *testing.T) {
	for _, policy := range []string{"breaker=100%/2/1s", "breaker=100%/2/1s hedge=100ms", "breaker=100%/2/1s retry=2"} {
		synctest.Test(t, func(t *testing.T) {
			caller := NewCaller(policyOf(t, policy))
			giveUp := func() {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(5*ms, cancel)
				if _, err := caller.Fetch(ctx, 1, true, upstream(answer{time.Minute, codes.OK})); status.Code(err) != codes.Canceled {
					t.Errorf("%s: %v", policy, err)
				}
			}
			for range 5 {
				giveUp()
			}
			if got := caller.Statistic(); got.Cancelled != 5 || got.Failed != 0 || got.Refused != 0 || got.Failures != (ByCode{}) || caller.Breaker() != "closed" {
				t.Errorf("%s: %+v, %s", policy, got, caller.Breaker())
			}
			down := answer{ms, codes.PermissionDenied} // not tried again: a success for the breaker
			fetch(t, caller, upstream(down))
			down.code = codes.Unavailable
			for caller.Breaker() == "closed" {
				fetch(t, caller, upstream(down))
			}
			time.Sleep(time.Second)
			giveUp()
			if caller.Breaker() != "half-open" {
				t.Errorf("%s: after a trial that was given up it is %s", policy, caller.Breaker())
			}
			if _, code, _ := fetch(t, caller, upstream(answer{ms, codes.OK})); code != codes.OK || caller.Breaker() != "closed" {
				t.Errorf("%s: the trial after it: %v, %s", policy, code, caller.Breaker())
			}
			caller.Close()
		})
	}
}

// A call that began before the breaker opened is no verdict on its trial.
func TestLateAnswerIsNoTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "breaker=100%/1/100ms"))
		done := make(chan bool)
		go func() {
			fetch(t, caller, upstream(answer{500 * ms, codes.OK}))
			close(done)
		}()
		time.Sleep(ms)
		fetch(t, caller, upstream(answer{ms, codes.Unavailable})) // opens
		time.Sleep(450 * ms)
		go fetch(t, caller, upstream(answer{100 * ms, codes.Unavailable})) // the trial
		<-done
		if got := caller.Breaker(); got != "half-open" {
			t.Errorf("it is %s", got)
		}
		time.Sleep(100 * ms)
		if got := caller.Breaker(); got != "open" {
			t.Errorf("after the trial it is %s", got)
		}
	})
}

// Where the deadline ends a call between two tries, its error tells why there was to
// be another one.
func TestDeadlineTellsOfTheLastTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "retry=3 backoff=2s"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := caller.Fetch(ctx, 1, true, upstream(answer{ms, codes.Unavailable}))
		const want = "context deadline exceeded; the last try had ended with Unavailable: on purpose"
		if s := status.Convert(err); s.Code() != codes.DeadlineExceeded || s.Message() != want {
			t.Errorf("%v", err)
		}
	})
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

// Close waits for a hedge that lost and takes its time to notice.
func TestCloseWaitsForTheLoser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := NewCaller(policyOf(t, "hedge=20ms"))
		var ended atomic.Bool
		_, code, took := fetch(t, caller, func(ctx context.Context, try int) (record.Record, error) {
			if try == 0 {
				<-ctx.Done()
				time.Sleep(50 * ms)
				ended.Store(true)
			}
			return record.Record{}, ctx.Err()
		})
		if code != codes.OK || took != 20*ms || ended.Load() {
			t.Errorf("%v after %v, the loser has ended: %v", code, took, ended.Load())
		}
		caller.Close()
		if !ended.Load() {
			t.Error("the loser goes on after Close")
		}
	})
}
