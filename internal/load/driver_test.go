package load

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
)

func config() Config {
	return Config{
		Plan: schedule.Plan{
			Seed: 1, Arrival: schedule.Constant, Rate: 100, Keys: 10, PayloadBytes: size,
			WarmUp: time.Second, Duration: 10 * time.Second,
		},
		Timeout: 5 * time.Second, MaxInFlight: 1000, DrainLimit: time.Minute, Pacer: Timer,
	}
}

// service answers correctly after work.
func service(work func()) Target {
	return Target{
		Query: func(_ context.Context, _ int64, key record.Key) (Reply, error) {
			work()
			return Reply{Answers: []Answer{{"A", record.Record{Key: key, Version: 1, Payload: record.Payload("A", key, 1, size)}}}}, nil
		},
	}
}

// drive runs a driver in a bubble and returns it and what was recorded.
func drive(t *testing.T, ctx context.Context, c Config, target Target) (*Driver, result.Run, error) {
	t.Helper()
	recorder := result.NewRecorder(result.Options{})
	d := NewDriver(c, target, NewOracle([]string{"A"}, size, c.Timeout), NewLag(nil, recorder.AddLag), recorder)
	err := d.Run(ctx, time.Now().Add(c.WarmUp))
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	run := result.Run{MeasuredSeconds: d.Offered().Seconds()}
	recorder.Fill(&run)
	return d, run, err
}

// A server freezes for a second at 100 requests a second, and the driver may only
// have one request under way. The caller's p99 is near a second; counted from
// the send it would be a millisecond.
func TestStallIsSeenWithOneRequestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.MaxInFlight = 1
		begin := time.Now().Add(c.WarmUp)
		d, run, err := drive(t, t.Context(), c, service(func() {
			if at := time.Since(begin); at >= 5*time.Second && at < 6*time.Second {
				time.Sleep(6*time.Second - at)
			}
			time.Sleep(time.Millisecond)
		}))
		if err != nil {
			t.Fatal(err)
		}
		want := stalled()
		near(t, "p99", run.Latency.P99, want[989])
		near(t, "max", run.Latency.Max, want[999])
		near(t, "p50", run.Latency.P50, 0.001)
		near(t, "service time p99", run.ServiceTime.P99, 0.001)
		if run.Latency.P99 < 0.9 || run.Requests.Sent != 1000 {
			t.Errorf("p99 %v of %d requests", run.Latency.P99, run.Requests.Sent)
		}
		if waited := d.Counts().Waited.Load(); waited < 100 {
			t.Errorf("%d requests waited for the window", waited)
		}
	})
}

// stalled is the latencies of that test in ascending order, in seconds, worked
// out by hand: one server, one at a time, in order.
func stalled() []float64 {
	var all []float64
	free := 0.0
	for i := range 1000 {
		due := float64(i) / 100
		begin := max(due, free)
		if begin >= 5 && begin < 6 {
			begin = 6
		}
		free = begin + 0.001
		all = append(all, free-due)
	}
	slices.Sort(all)
	return all
}

// near compares within the precision of the histograms, three digits.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > want*0.001 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestWithoutACapTheDriverIsNeverLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, run, err := drive(t, t.Context(), config(), service(func() { time.Sleep(300 * time.Millisecond) }))
		if err != nil {
			t.Fatal(err)
		}
		if run.Lateness.Max != 0 || run.Latency.Min != 0.3 || run.Latency.Max != 0.3 {
			t.Errorf("lateness up to %v, latency from %v to %v; want 0 and 0.3", run.Lateness.Max, run.Latency.Min, run.Latency.Max)
		}
		if run.Requests.Due != 1000 || run.Requests.Succeeded != 1000 || run.WarmUp.Due != 100 {
			t.Errorf("%+v, warm-up %+v", run.Requests, run.WarmUp)
		}
		if run.Requests.RateAchieved != 100 || run.Requests.Throughput != 100 {
			t.Errorf("rate %v, throughput %v", run.Requests.RateAchieved, run.Requests.Throughput)
		}
	})
}

func TestFailuresAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		n := 0
		good := service(func() { time.Sleep(time.Millisecond) })
		c := config()
		c.WarmUp = 0
		_, run, err := drive(t, t.Context(), c, Target{
			Query: func(ctx context.Context, id int64, key record.Key) (Reply, error) {
				mu.Lock()
				n++
				fail := n%4 == 0
				mu.Unlock()
				if fail {
					<-ctx.Done()
					return Reply{}, status.FromContextError(ctx.Err()).Err()
				}
				return good.Query(ctx, id, key)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if run.Requests.Failed != 250 || run.ErrorRate.Value != 0.25 || run.Failures["DEADLINE_EXCEEDED"] != 250 {
			t.Errorf("%d failed, rate %v, %v", run.Requests.Failed, run.ErrorRate, run.Failures)
		}
		if run.Latency.Max != 0.001 || run.FailedLatency.Min != 5 {
			t.Errorf("successes take up to %v and failures from %v", run.Latency.Max, run.FailedLatency.Min)
		}
	})
}

func TestMissingIsWrongAndNamesTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, run, err := drive(t, t.Context(), config(), Target{
			Query: func(_ context.Context, _ int64, key record.Key) (Reply, error) {
				return Reply{}, status.Errorf(codes.NotFound, "A has no record %d", key)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if d.Wrong() == nil || !strings.HasPrefix(d.Wrong().Error(), "key ") || run.Answers.Missing != 1000 {
			t.Errorf("%v, %+v", d.Wrong(), run.Answers)
		}
	})
}

func TestInterruptedRunWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		begin := time.Now()
		d, run, err := drive(t, ctx, config(), service(func() { time.Sleep(500 * time.Millisecond) }))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took != 4490*time.Millisecond && took != 4500*time.Millisecond {
			t.Errorf("ended after %v; the last request was sent before 4 s and took 500 ms", took)
		}
		if d.Offered() != 3*time.Second || run.Requests.Sent != run.Requests.Succeeded || run.Requests.Sent < 299 {
			t.Errorf("offered for %v, %+v", d.Offered(), run.Requests)
		}
	})
}

// What is in flight at an interrupt has Grace to complete. Then it is cancelled and
// counted as interrupted, whatever its timeout is.
func TestAnInterruptCancelsWhatHangs(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"open":   func(*Config) {},
		"closed": func(c *Config) { c.Rate, c.Concurrency = 0, 4 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := config()
				c.Timeout, c.OwnTimeout, c.WarmUp = time.Hour, true, 0
				change(&c)
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 5050*time.Millisecond)
				defer cancel()
				quick := service(func() { time.Sleep(300 * time.Millisecond) })
				d, run, err := drive(t, ctx, c, Target{Query: func(ctx context.Context, id int64, key record.Key) (Reply, error) {
					if id%100 != 3 {
						return quick.Query(ctx, id, key)
					}
					<-ctx.Done()
					return Reply{}, status.FromContextError(ctx.Err()).Err()
				}})
				if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != 5050*time.Millisecond+Grace {
					t.Errorf("%v after %v, want it %v after the interrupt", err, took, Grace)
				}
				hung := d.Counts().Interrupted.Load()
				if q := run.Requests; hung == 0 || q.Failed != 0 || q.Sent != q.Succeeded || q.Due != q.Sent+hung || len(run.Failures) != 0 {
					t.Errorf("%d interrupted, %+v, %v", hung, run.Requests, run.Failures)
				}
			})
		})
	}
}

// Done is when an answer arrived, or when a request's time was over, and not when the
// driver came to it; how late that was is kept apart.
func TestTheDriversOwnTimeIsInNoLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.OwnTimeout, c.Timeout, c.WarmUp = true, 100*time.Millisecond, 0
		good := service(func() { time.Sleep(20 * time.Millisecond) })
		_, run, err := drive(t, t.Context(), c, Target{Query: func(ctx context.Context, id int64, key record.Key) (Reply, error) {
			if id%2 == 1 {
				time.Sleep(107 * time.Millisecond)
				return Reply{}, status.Error(codes.DeadlineExceeded, "")
			}
			reply, err := good.Query(ctx, id, key)
			reply.Arrived = time.Now()
			time.Sleep(7 * time.Millisecond)
			return reply, err
		}})
		if err != nil {
			t.Fatal(err)
		}
		if l, f, h := run.Latency, run.FailedLatency, run.HandlingDelay; l.Min != 0.02 || l.Max != 0.02 ||
			f.Min != 0.1 || f.Max != 0.1 || h.Count != 1000 || h.Min != 0.007 || h.Max != 0.007 {
			t.Errorf("answers after %+v, timeouts after %+v, handling %+v; want 20 ms, 100 ms and 7 ms", l, f, h)
		}
	})
}

// A clock that is set while an answer is under way makes no time negative.
func TestAClockThatIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []time.Duration{-time.Hour, time.Hour} {
			_, run, err := drive(t, t.Context(), config(), Target{Query: func(context.Context, int64, record.Key) (Reply, error) {
				time.Sleep(10 * time.Millisecond)
				return Reply{Arrived: time.Now().Add(step)}, status.Error(codes.Unavailable, "")
			}})
			if err != nil || run.FailedLatency.Min < 0 || run.FailedLatency.Max > 0.01 || run.HandlingDelay.Max > 0.01 {
				t.Errorf("%v: %+v, handling %+v", err, run.FailedLatency, run.HandlingDelay)
			}
		}
	})
}

// What cannot be sent within the limit after the end is given up and said.
func TestDrainIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.MaxInFlight, c.DrainLimit, c.WarmUp = 1, 2500*time.Millisecond, 0
		d, run, err := drive(t, t.Context(), c, service(func() { time.Sleep(time.Second) }))
		if err != nil {
			t.Fatal(err)
		}
		// One a second, the last one at 12 s: the limit is at 12.5 s.
		if sent, unsent := run.Requests.Sent, d.Counts().Unsent.Load(); sent != 13 || unsent != 987 || run.Requests.Due != 1000 {
			t.Errorf("%d sent and %d unsent of %d", sent, unsent, run.Requests.Due)
		}
		if d.Drained() != 2500*time.Millisecond {
			t.Errorf("waited for %v", d.Drained())
		}
	})
}

// With one request under way at a time, 10 a second pass, whatever is due; what
// is sent after the end is sent all the same, and in no rate.
func TestRatesOfAFullWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.MaxInFlight, c.WarmUp, c.Duration = 1, 0, 2*time.Second
		_, run, err := drive(t, t.Context(), c, service(func() { time.Sleep(100 * time.Millisecond) }))
		if err != nil {
			t.Fatal(err)
		}
		q := run.Requests
		if q.Due != 200 || q.Sent != 200 || q.RateAchieved != 10 || q.Throughput < 9.5 || q.Throughput > 10 {
			t.Errorf("%+v, want all of 200 sent, and 10 a second", q)
		}
	})
}

// Requests of the warm-up that wait say nothing of the measured part.
func TestWaitsOfTheWarmUpAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.MaxInFlight = 1
		begin := time.Now().Add(c.WarmUp)
		d, _, err := drive(t, t.Context(), c, service(func() {
			if time.Since(begin) < -500*time.Millisecond {
				time.Sleep(100 * time.Millisecond)
			}
		}))
		if err != nil {
			t.Fatal(err)
		}
		if waited := d.Counts().Waited.Load(); waited != 0 {
			t.Errorf("%d requests waited, all of them in the warm-up", waited)
		}
	})
}

// An interruption while the rest is waited for is one, and ends the wait.
func TestInterruptedWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.MaxInFlight, c.WarmUp, c.WriteRate, c.Owners = 1, 0, 10, []string{"A"}
		ctx, cancel := context.WithTimeout(t.Context(), 12200*time.Millisecond)
		defer cancel()
		slow := service(func() { time.Sleep(time.Second) })
		slow.Write = func(context.Context, string, int64, record.Record) error {
			time.Sleep(time.Second)
			return nil
		}
		d, run, err := drive(t, ctx, c, slow)
		if !errors.Is(err, context.DeadlineExceeded) || d.Offered() != 10*time.Second || d.Drained() != 2200*time.Millisecond {
			t.Errorf("%v, offered for %v, waited for %v", err, d.Offered(), d.Drained())
		}
		n := d.Counts()
		if run.Requests.Sent != 13 || n.Unsent.Load() != 987 {
			t.Errorf("%+v, %d unsent", run.Requests, n.Unsent.Load())
		}
		if n.WritesDue.Load() != 100 || n.WritesAcknowledged.Load() != 13 || n.WritesUnsent.Load() != 87 {
			t.Errorf("%d writes due, %d acknowledged, %d unsent", n.WritesDue.Load(), n.WritesAcknowledged.Load(), n.WritesUnsent.Load())
		}
	})
}

// A driver that cannot keep up with the schedule ends by the clock, and says how
// much it never came to. Here each step takes it 10 ms, at 1000 requests a second.
func TestTheScheduleEndsByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Rate, c.WriteRate, c.Owners, c.WarmUp = 1000, 1000, []string{"A"}, 0
		c.Pacer = func(ctx context.Context, until time.Time) error {
			time.Sleep(10 * time.Millisecond)
			return Timer(ctx, until)
		}
		target := service(func() {})
		target.Write = func(context.Context, string, int64, record.Record) error { return nil }
		begin := time.Now()
		d, run, err := drive(t, t.Context(), c, target)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > 11100*time.Millisecond {
			t.Errorf("took %v for 10 s", took)
		}
		n := d.Counts()
		if q := run.Requests; q.Due != 10_000 || q.Sent+n.Unoffered.Load() != q.Due || q.Sent < 500 || q.Sent > 600 || q.RateAchieved != 50 {
			t.Errorf("%+v, %d never offered; want 50 a second within the 10 s", q, n.Unoffered.Load())
		}
		if n.WritesDue.Load() != 10_000 || n.WritesAcknowledged.Load()+n.WritesUnsent.Load() != 10_000 {
			t.Errorf("%d writes due, %d acknowledged, %d unsent", n.WritesDue.Load(), n.WritesAcknowledged.Load(), n.WritesUnsent.Load())
		}
	})
}

// A moment's hold-up at the end makes requests late, and loses none.
func TestAHoldUpAtTheEndIsCaughtUpWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		end := time.Now().Add(c.WarmUp + c.Duration)
		c.Pacer = func(ctx context.Context, until time.Time) error {
			if err := Timer(ctx, until); err != nil {
				return err
			}
			if left := time.Until(end); left > 0 && left <= 100*time.Millisecond {
				time.Sleep(500 * time.Millisecond)
			}
			return nil
		}
		d, run, err := drive(t, t.Context(), c, service(func() {}))
		if err != nil || run.Requests.Sent != 1000 || d.Counts().Unoffered.Load() != 0 {
			t.Errorf("%v, %+v", err, run.Requests)
		}
	})
}

func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Rate, c.Concurrency = 0, 4
		_, run, err := drive(t, t.Context(), c, service(func() { time.Sleep(10 * time.Millisecond) }))
		if err != nil {
			t.Fatal(err)
		}
		if run.Requests.Sent != 4000 || run.WarmUp.Sent != 400 || run.Latency.Max != 0.01 {
			t.Errorf("%+v, warm-up %+v, latency up to %v", run.Requests, run.WarmUp, run.Latency.Max)
		}
	})
}

// The warm-up is as long as asked, whenever the driver is started.
func TestClosedLoopWithoutAWarmUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Rate, c.Concurrency, c.WarmUp = 0, 4, 0
		recorder := result.NewRecorder(result.Options{})
		d := NewDriver(c, service(func() { time.Sleep(10 * time.Millisecond) }), NewOracle([]string{"A"}, size, c.Timeout), NewLag(nil, recorder.AddLag), recorder)
		if err := d.Run(t.Context(), time.Now().Add(100*time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if err := recorder.Close(); err != nil {
			t.Fatal(err)
		}
		var run result.Run
		recorder.Fill(&run)
		if run.WarmUp.Sent != 0 || run.Requests.Sent != 4000 {
			t.Errorf("%+v, warm-up %+v", run.Requests, run.WarmUp)
		}
	})
}

func TestWritesOfAClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Rate, c.Concurrency, c.WriteShare, c.Owners = 0, 4, 0.1, []string{"A"}
		var mu sync.Mutex
		written := make(map[record.Key]uint64)
		target := Target{
			Query: func(_ context.Context, _ int64, key record.Key) (Reply, error) {
				time.Sleep(10 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				v := max(written[key], 1)
				return Reply{Answers: []Answer{{"A", record.Record{Key: key, Version: v, Payload: record.Payload("A", key, v, size)}}}}, nil
			},
			Write: func(_ context.Context, _ string, _ int64, r record.Record) error {
				mu.Lock()
				defer mu.Unlock()
				written[r.Key] = max(written[r.Key], r.Version)
				return nil
			},
		}
		d, run, err := drive(t, t.Context(), c, target)
		if err != nil || d.Wrong() != nil {
			t.Fatal(err, d.Wrong())
		}
		if n := d.Counts(); n.WritesDue.Load() != 400 || n.WritesAcknowledged.Load() != 400 || run.Requests.Sent != 4000 {
			t.Errorf("%d writes due and %d acknowledged with %d reads", n.WritesDue.Load(), n.WritesAcknowledged.Load(), run.Requests.Sent)
		}
	})
}

func TestInterruptedClosedLoopEndsWhenItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Rate, c.Concurrency, c.WarmUp = 0, 4, 0
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		d, run, err := drive(t, ctx, c, service(func() { time.Sleep(300 * time.Millisecond) }))
		if !errors.Is(err, context.DeadlineExceeded) || d.Offered() != 4*time.Second || run.Requests.Throughput != 13 {
			t.Errorf("%v, offered for %v, %+v; 13 times 4 were complete by then", err, d.Offered(), run.Requests)
		}
	})
}

func TestWritesAreOfferedAndTracked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.WriteRate, c.Owners = 10, []string{"A"}
		var mu sync.Mutex
		versions, issued := make(map[record.Key]uint64), make(map[record.Key]uint64)
		d, run, err := drive(t, t.Context(), c, Target{
			Query: func(_ context.Context, _ int64, key record.Key) (Reply, error) {
				mu.Lock()
				defer mu.Unlock()
				v := max(versions[key], 1)
				return Reply{Answers: []Answer{{"A", record.Record{Key: key, Version: v, Payload: record.Payload("A", key, v, size)}}}}, nil
			},
			Write: func(_ context.Context, service string, id int64, r record.Record) error {
				mu.Lock()
				defer mu.Unlock()
				issued[r.Key] = max(issued[r.Key], 1) + 1 // a failed one has its version too
				if want := issued[r.Key]; service != "A" || r.Version != want || !r.Intact("A", size) {
					t.Errorf("write %d of key %d to %s is version %d, want %d", id, r.Key, service, r.Version, want)
				}
				if id%5 == 4 {
					return status.Error(codes.Unavailable, "away")
				}
				versions[r.Key] = r.Version
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		n := d.Counts()
		if n.WritesDue.Load() != 100 || n.WritesFailed.Load() != 20 || n.WritesAcknowledged.Load() != 80 {
			t.Errorf("%d due, %d failed, %d acknowledged", n.WritesDue.Load(), n.WritesFailed.Load(), n.WritesAcknowledged.Load())
		}
		failed := d.WriteFailures() // of the measured part alone
		if away := failed[WriteFailure{"A", codes.Unavailable}]; len(failed) != 1 || away.Count != 20 || status.Convert(away.First).Message() != "away" {
			t.Errorf("failed writes %v", failed)
		}
		if run.Answers.Correct != 1000 || d.Wrong() != nil {
			t.Errorf("%+v, %v", run.Answers, d.Wrong())
		}
	})
}
