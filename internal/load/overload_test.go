package load

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/status"

	"crosstalk/internal/record"
	"crosstalk/internal/result"
)

// hanging is a target that answers only when it is cancelled.
func hanging() Target {
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	return Target{
		Query: func(ctx context.Context, _ int64, _ record.Key) (Reply, error) { return Reply{}, hang(ctx) },
		Write: func(ctx context.Context, _ string, _ int64, _ record.Record) error { return hang(ctx) },
	}
}

// held is what a driver holds.
type held struct {
	goroutines int
	bytes      uint64 // of heap and stacks
}

func holds() held {
	runtime.GC()
	runtime.GC() // what finalizers and pools still kept at the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return held{runtime.NumGoroutine(), m.HeapAlloc + m.StackInuse}
}

// overload returns by how much more is held after 3 s of a load of which nothing is
// answered, and what waits by then.
func overload(t *testing.T, change func(*Config)) (more held, waiting int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := config()
		c.Rate, c.WriteRate, c.Owners = 20_000, 20_000, []string{"A"}
		c.WarmUp, c.Timeout = 0, time.Hour
		change(&c)
		before := holds()
		ctx, cancel := context.WithCancel(t.Context())
		recorder := result.NewRecorder(result.Options{})
		d := NewDriver(c, hanging(), NewOracle([]string{"A"}, size, c.Timeout), NewLag(nil, recorder.AddLag), recorder)
		ended := make(chan error)
		go func() { ended <- d.Run(ctx, time.Now()) }()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		after := holds()
		more = held{after.goroutines - before.goroutines, after.bytes - min(before.bytes, after.bytes)}
		waiting = d.Counts().Waited.Load()
		cancel()
		if err := <-ended; err == nil {
			t.Error("it was not interrupted")
		}
		if err := recorder.Close(); err != nil {
			t.Error(err)
		}
	})
	return more, waiting
}

// What waits behind MaxInFlight is a number: what the driver holds goes with the
// requests and writes in flight, and not with the rate.
func TestMemoryIsBoundedInAnyOverload(t *testing.T) {
	const limit = 1000
	most := func(n int) func(*Config) { return func(c *Config) { c.MaxInFlight = n } }
	few, _ := overload(t, most(1))
	full, waiting := overload(t, most(limit))
	faster, more := overload(t, func(c *Config) { c.MaxInFlight, c.Rate, c.WriteRate = limit, 80_000, 80_000 })
	if waiting < 3*20_000-limit-1 || more < 4*waiting {
		t.Fatalf("%d and %d requests waited", waiting, more)
	}
	if extra := full.goroutines - few.goroutines; extra != 2*(limit-1) {
		t.Errorf("%d goroutines more for %d more requests and as many writes in flight", extra, limit-1)
	}
	if faster.goroutines != full.goroutines {
		t.Errorf("%d goroutines at four times the rate, %d before", faster.goroutines, full.goroutines)
	}
	const each = 8 << 10 // bytes, as the documentation says of the driver
	t.Logf("%d goroutines, %d kB; of one in flight %d and %d kB; at four times the rate %d kB",
		full.goroutines, full.bytes>>10, few.goroutines, few.bytes>>10, faster.bytes>>10)
	for _, h := range []held{full, faster} {
		if h.bytes > few.bytes+2*limit*each {
			t.Errorf("%d kB, more than %d kB and %d kB for each of %d", h.bytes>>10, few.bytes>>10, each>>10, 2*limit)
		}
	}
}

// A closed loop holds what its workers do, whatever they do.
func TestMemoryOfAClosedLoop(t *testing.T) {
	loop := func(n int) func(*Config) {
		return func(c *Config) { c.Rate, c.WriteRate, c.Concurrency = 0, 0, n }
	}
	few, _ := overload(t, loop(1))
	full, waiting := overload(t, loop(1000))
	if full.goroutines-few.goroutines != 999 || waiting != 0 {
		t.Errorf("%d goroutines more for 999 workers more, %d requests waited", full.goroutines-few.goroutines, waiting)
	}
}
