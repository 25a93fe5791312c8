package fault

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestPassTakesExactlyTheDrawnDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, text := range []string{"5ms", "lognormal(5ms,40ms)", "exponential(5ms)", "150us:10,2ms:5"} {
			b := boundaryOf("A", 1, Rules{Work: work(t, text)})
			for id := range int64(200) {
				i := Interaction{ID: id}
				start := time.Now()
				if err := b.Pass(t.Context(), i); err != nil {
					t.Fatal(err)
				}
				if took, want := time.Since(start), b.Decide(i).Delay; took != want {
					t.Fatalf("%s: interaction %d took %v, drawn %v", text, id, took, want)
				}
			}
		}
	})
}

func TestAbortComesAfterTheDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boundaryOf("A", 1, Rules{Work: work(t, "5ms"), Aborts: Aborts{{codes.Internal, 1}}})
		start := time.Now()
		err := b.Pass(t.Context(), Interaction{})
		if status.Code(err) != codes.Internal || status.Convert(err).Message() != "A aborted on purpose" {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); took != 5*ms {
			t.Errorf("aborted after %v, want 5ms", took)
		}
	})
}

func TestContextEndsTheDelay(t *testing.T) {
	for _, c := range []struct {
		name    string
		context func(context.Context) (context.Context, context.CancelFunc)
		took    time.Duration
		code    codes.Code
	}{
		{"a deadline before its end", deadline(5*ms - 1), 5*ms - 1, codes.DeadlineExceeded},
		{"a deadline at its end", deadline(5 * ms), 5 * ms, codes.DeadlineExceeded},
		{"a deadline after its end", deadline(5*ms + 1), 5 * ms, codes.OK},
		{"a deadline in the past", deadline(-1), 0, codes.DeadlineExceeded},
		{"cancelled on the way", cancelled(2 * ms), 2 * ms, codes.Canceled},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := boundaryOf("A", 1, Rules{Work: work(t, "5ms"), Aborts: Aborts{{codes.Internal, 0.000001}}})
			ctx, cancel := c.context(t.Context())
			defer cancel()
			start := time.Now()
			err := b.Pass(ctx, Interaction{})
			if took := time.Since(start); took != c.took || status.Code(err) != c.code {
				t.Errorf("%s: %v after %v, want %v after %v", c.name, err, took, c.code, c.took)
			}
			completed := Statistic{Kind: "delay", Asked: 1, Interactions: 1, Delivered: 1, MeanAsked: 5 * ms, MeanDelivered: 5 * ms}
			if c.code != codes.OK {
				completed = Statistic{Kind: "delay", Asked: 1, Interactions: 1, CutShort: 1}
			}
			got := b.Statistics()
			if got[0] != completed {
				t.Errorf("%s: %+v, want %+v", c.name, got[0], completed)
			}
			if got[1].Interactions != completed.Delivered {
				t.Errorf("%s: %d arrived at the aborts, want %d", c.name, got[1].Interactions, completed.Delivered)
			}
		})
	}
}

func deadline(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, d) }
}

func cancelled(after time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(after, cancel)
		return ctx, cancel
	}
}

func TestOnlySomeAreDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boundaryOf("A", 1, Rules{Work: work(t, "2ms:50")})
		var delayed int64
		for id := range int64(100) {
			i := Interaction{ID: id}
			if err := b.Pass(t.Context(), i); err != nil {
				t.Fatal(err)
			}
			if b.Decide(i).Delay > 0 {
				delayed++
			}
		}
		if delayed == 0 || delayed == 100 {
			t.Fatalf("%d of 100 are delayed", delayed)
		}
		want := []Statistic{{Kind: "delay", Asked: 0.5, Interactions: 100, Delivered: delayed, MeanAsked: 2 * ms, MeanDelivered: 2 * ms}}
		if got := b.Statistics(); !slices.Equal(got, want) {
			t.Errorf("statistics %+v, want %+v", got, want)
		}
	})
}
