package load

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/record"
)

// The counters that are shown during a run count what its rows say, warm-up included.
func TestCountsAreThoseOfTheRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Keys, c.WriteRate, c.Owners = 1, 10, []string{"A"}
		d, run, err := drive(t, t.Context(), c, Target{
			Query: func(_ context.Context, id int64, key record.Key) (Reply, error) {
				if id%4 == 0 {
					return Reply{}, status.Error(codes.Unavailable, "")
				}
				return Reply{Answers: []Answer{{"A", record.Record{Key: key, Version: 1, Payload: record.Payload("A", key, 1, size)}}}}, nil
			},
			Write: func(context.Context, string, int64, record.Record) error { return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		n := d.Counts()
		if n.Sent.Load() != 1100 || n.Succeeded.Load() != 825 || n.Failed.Load() != 275 || n.Stale.Load() < run.Answers.Stale || run.Answers.Stale < 700 || n.Stale.Load() > 825 {
			t.Errorf("%d sent, %d succeeded, %d failed, %d stale; %+v", n.Sent.Load(), n.Succeeded.Load(), n.Failed.Load(), n.Stale.Load(), run.Answers)
		}
		if n.Waited.Load()+n.Unsent.Load()+n.Unoffered.Load()+n.Interrupted.Load()+n.WritesUnsent.Load()+n.WritesInterrupted.Load() != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// A request lasts as long as its timeout, from its send on; without one, or where the
// target ends it itself, its context has no deadline.
func TestWhoEndsARequest(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration
		own     bool
		want    time.Duration
	}{"the driver": {5 * time.Second, false, 5 * time.Second}, "the target": {5 * time.Second, true, 0}, "nobody": {0, false, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := config()
				config.Timeout, config.OwnTimeout, config.WriteRate, config.Owners = c.timeout, c.own, 10, []string{"A"}
				ends := func(ctx context.Context) {
					if deadline, ok := ctx.Deadline(); ok != (c.want > 0) || ok && time.Until(deadline) != c.want {
						t.Errorf("a deadline %v, in %v", ok, time.Until(deadline))
					}
				}
				target := service(func() {})
				query := target.Query
				target.Query = func(ctx context.Context, id int64, key record.Key) (Reply, error) {
					ends(ctx)
					return query(ctx, id, key)
				}
				target.Write = func(ctx context.Context, _ string, _ int64, _ record.Record) error {
					ends(ctx)
					return nil
				}
				if _, _, err := drive(t, t.Context(), config, target); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// What hangs at an interrupt is counted as interrupted where it is of the measured part:
// reads and writes each for themselves, and in no failure.
func TestInterruptedReadsAndWrites(t *testing.T) {
	for name, c := range map[string]struct {
		after         time.Duration
		reads, writes int64
		due           int64
	}{"in the warm-up": {505 * time.Millisecond, 0, 0, 0}, "in the measured part": {1505 * time.Millisecond, 51, 6, 51}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config := config()
				config.Timeout, config.OwnTimeout, config.WriteRate, config.Owners = time.Hour, true, 10, []string{"A"}
				ctx, cancel := context.WithTimeout(t.Context(), c.after)
				defer cancel()
				d, run, err := drive(t, ctx, config, hanging())
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
				n := d.Counts()
				if n.Interrupted.Load() != c.reads || n.WritesInterrupted.Load() != c.writes || n.WritesFailed.Load()+n.WritesAcknowledged.Load() != 0 ||
					len(d.WriteFailures()) != 0 || run.Requests.Due != c.due || run.Requests.Failed != 0 || run.Requests.Sent != 0 {
					t.Errorf("%d reads and %d writes interrupted, %d writes failed, %v; %+v", n.Interrupted.Load(), n.WritesInterrupted.Load(), n.WritesFailed.Load(), d.WriteFailures(), run.Requests)
				}
			})
		})
	}
}

// What is never sent in the warm-up is in no count of the measured part.
func TestUnsentOfTheWarmUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Rate, c.WriteRate, c.Owners, c.WarmUp, c.Duration = 100, 100, []string{"A"}, time.Second, time.Second
		c.MaxInFlight, c.DrainLimit, c.Timeout, c.OwnTimeout = 1, time.Second, 0, false
		long := func() { time.Sleep(time.Hour) }
		target := service(long)
		target.Write = func(context.Context, string, int64, record.Record) error { long(); return nil }
		d, run, err := drive(t, t.Context(), c, target)
		if n := d.Counts(); err != nil || n.Unsent.Load() != 100 || n.WritesUnsent.Load() != 100 || n.WritesDue.Load() != 100 || run.Requests.Due != 100 || n.Waited.Load() != 100 {
			t.Errorf("%v: %d reads and %d writes unsent, %d due, %d waited", err, n.Unsent.Load(), n.WritesUnsent.Load(), n.WritesDue.Load(), n.Waited.Load())
		}
	})
}

// The first wrong answer is the one that is named.
func TestTheFirstWrongAnswerIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		first := record.Key(0)
		asked := false
		d, run, err := drive(t, t.Context(), c, Target{Query: func(_ context.Context, _ int64, key record.Key) (Reply, error) {
			if !asked {
				first, asked = key, true
			}
			return Reply{}, nil
		}})
		if err != nil || d.Wrong() == nil || run.Answers.Missing != 1000 {
			t.Fatalf("%v, %v, %+v", err, d.Wrong(), run.Answers)
		}
		if want := "the answer for key " + string(rune('0'+first)) + " holds 0 records, not 1"; d.Wrong().Error() != want {
			t.Errorf("%v, want %s", d.Wrong(), want)
		}
		if run.Answers.Correct+run.Answers.Stale != 0 || run.Requests.Succeeded != 1000 {
			t.Errorf("%+v", run.Answers)
		}
	})
}
