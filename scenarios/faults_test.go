package scenarios_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/fault"
)

const ms = time.Millisecond

// outcome is what a request meets: its code, and exactly how long it takes.
type outcome struct {
	code codes.Code
	took time.Duration
}

// felt asks once, half a second into the measured part, and a second time after
// all windows are over.
func felt(b *bubble) (during, after outcome) {
	b.begin()
	time.Sleep(500 * ms)
	one := func(id int64) outcome {
		_, took, err := b.ask(id, 1)
		return outcome{status.Code(err), took}
	}
	during = one(7)
	time.Sleep(5 * time.Second)
	return during, one(7)
}

// Each kind of fault in each scenario. What stands here is the whole difference
// between them: the upstream's fault is D's in all but async-replicated.
func TestEachFaultInEachScenario(t *testing.T) {
	fine := outcome{codes.OK, 0}
	late := outcome{codes.DeadlineExceeded, time.Second}
	for _, c := range []struct {
		fault string
		want  map[string]outcome // during the fault; fine where a scenario is not named
	}{
		{"A:delay=40ms@0s+2s", map[string]outcome{"sync": {codes.OK, 40 * ms}, "async-request": {codes.OK, 40 * ms}, "monolith": {codes.OK, 40 * ms}}},
		{"A:abort=INTERNAL:100%@0s+2s", map[string]outcome{"sync": {codes.Internal, 0}, "async-request": {codes.Internal, 0}, "monolith": {codes.Internal, 0}}},
		{"A:hang=1@0s+2s", map[string]outcome{"sync": late, "async-request": late, "monolith": late}},
		{"A:outage@0s+2s", map[string]outcome{"sync": {codes.Unavailable, 0}, "async-request": late, "monolith": {codes.Unavailable, 0}}},
		{"A:freeze@0s+700ms", map[string]outcome{"sync": {codes.OK, 200 * ms}, "async-request": {codes.OK, 200 * ms}, "monolith": {codes.OK, 200 * ms}}},
		{"D:freeze@0s+700ms", map[string]outcome{"sync": {codes.OK, 200 * ms}, "async-request": {codes.OK, 200 * ms}, "async-replicated": {codes.OK, 200 * ms}, "monolith": {codes.OK, 200 * ms}}},
		{"D:abort=100%@0s+2s", map[string]outcome{"sync": {codes.Unavailable, 0}, "async-request": {codes.Unavailable, 0}, "async-replicated": {codes.Unavailable, 0}, "monolith": {codes.Unavailable, 0}}},
		{"bus:outage@0s+2s", map[string]outcome{"async-request": late}},
		{"bus:delay=30ms@0s+2s", map[string]outcome{"async-request": {codes.OK, 60 * ms}}}, // there and back
		{"bus:drop=1@0s+2s", map[string]outcome{"async-request": late}},
		{"bus:duplicate=1@0s+2s", nil},
		{"bus:stall@0s+800ms", map[string]outcome{"async-request": {codes.OK, 300 * ms}}},
		{"bus:rebalance@0s+800ms", map[string]outcome{"async-request": {codes.OK, 300 * ms}}},
		{"bus:reorder=1@0s+2s", map[string]outcome{"async-request": {codes.OK, 200 * ms}}}, // nothing follows: 100 ms each way
		{"A.store:delay=25ms@0s+2s", map[string]outcome{"sync": {codes.OK, 25 * ms}, "async-request": {codes.OK, 25 * ms}, "monolith": {codes.OK, 25 * ms}}},
		{"A.store:abort=INTERNAL:1@0s+2s", map[string]outcome{"sync": {codes.Internal, 0}, "async-request": {codes.Internal, 0}, "monolith": {codes.Internal, 0}}},
		{"D.store:delay=25ms@0s+2s", map[string]outcome{"async-replicated": {codes.OK, 25 * ms}, "monolith": {codes.OK, 25 * ms}}},
		{"D.store:abort=1@0s+2s", map[string]outcome{"async-replicated": {codes.Unavailable, 0}, "monolith": {codes.Unavailable, 0}}},
		{"A.events:poison=1@0s+2s", map[string]outcome{"async-request": {codes.Internal, 0}}},
	} {
		each(t, []string{"fault", c.fault}, func(b *bubble, scenario string) {
			want, ok := c.want[scenario]
			if !ok {
				want = fine
			}
			during, after := felt(b)
			if during != want {
				b.Errorf("%s: %v after %v, want %v after %v", c.fault, during.code, during.took, want.code, want.took)
			}
			if after != fine {
				b.Errorf("after %s: %v after %v", c.fault, after.code, after.took)
			}
		})
	}
}

// B's work is 10 ms and takes ten times as long in the window.
func TestSlow(t *testing.T) {
	each(t, []string{"latency", "A=20ms,B=10ms", "fault", "B:slow=10@0s+2s"}, func(b *bubble, scenario string) {
		during, after := felt(b)
		want, wantAfter := outcome{codes.OK, 100 * ms}, outcome{codes.OK, 20 * ms}
		if scenario == "async-replicated" {
			want, wantAfter = outcome{}, outcome{}
		}
		if during != want || after != wantAfter {
			b.Errorf("%v then %v, want %v then %v", during, after, want, wantAfter)
		}
	})
}

// Where D keeps a copy, a fault of the owner, of the bus or of D's database is
// felt as age.
func TestFaultsBecomeAge(t *testing.T) {
	for fault, want := range map[string]time.Duration{
		"A:delay=40ms@0s+2s":       40 * ms,
		"A:freeze@0s+700ms":        700 * ms, // the write itself waits until then, and is published at once
		"bus:delay=30ms@0s+2s":     30 * ms,
		"bus:stall@0s+800ms":       800 * ms,
		"bus:rebalance@0s+800ms":   800 * ms,
		"bus:reorder=1@0s+2s":      100 * ms,
		"bus:duplicate=1@0s+2s":    0,
		"D.store:delay=25ms@0s+2s": 25 * ms,
	} {
		inBubble(t, "async-replicated", quiet(t, "fault", fault), func(b *bubble) {
			b.begin()
			synctest.Wait()
			from := time.Now()
			b.write("A", 1, 3, 2)
			for time.Since(from) < 2*time.Second {
				seen, _, err := b.ask(1, 3)
				if err != nil {
					b.Fatal(err)
				}
				if seen[0].Version == 2 {
					break
				}
				time.Sleep(ms)
			}
			if got := time.Since(from); got < want || got > want+26*ms { // a look-up may take 25 ms itself
				b.Errorf("%s: visible after %v, want %v", fault, got, want)
			}
		})
	}
}

// An outage of the bus: D answers all the time, and has caught up shortly after.
func TestBusOutageIsAge(t *testing.T) {
	inBubble(t, "async-replicated", quiet(t, "fault", "bus:outage@1s+3s"), func(b *bubble) {
		b.begin()
		time.Sleep(2 * time.Second)
		b.write("A", 1, 3, 2)
		if answer, took, err := b.ask(1, 3); err != nil || took != 0 || answer[0].Version != 1 {
			b.Errorf("during the outage: %v after %v, %v", answer, took, err)
		}
		time.Sleep(2*time.Second + 600*ms) // both ends try again at most each 250 ms
		if answer, _, err := b.ask(2, 3); err != nil || answer[0].Version != 2 {
			b.Errorf("after the outage: %v, %v", answer, err)
		}
		for _, f := range b.statistics().Faults {
			if f.Target == "bus" && f.DeliveredWindow.Exact() != (fault.Window{Start: time.Second, Length: 3 * time.Second}) {
				b.Errorf("delivered %v", f)
			}
		}
	})
}

// What a delay of the bus is delivered as is counted where it began, also when its
// window is over by the time the event arrives.
func TestBusDelayIsReported(t *testing.T) {
	inBubble(t, "async-replicated", quiet(t, "fault", "bus:delay=30ms@0s+20ms"), func(b *bubble) {
		b.begin()
		time.Sleep(10 * ms)
		b.write("A", 1, 3, 2)
		time.Sleep(time.Second)
		for _, f := range b.statistics().Faults {
			if f.Target == "bus" && f.Interactions > 0 && (f.Interactions != 1 || f.Injected != 1 || f.DeliveredSeconds != 0.03) {
				b.Errorf("%v", f)
			}
		}
	})
}

// A change that nobody can decode, or that is dropped, is lost for D: it is
// counted, it is told, and the changes behind it go on.
func TestLostChanges(t *testing.T) {
	for fault, deadLetters := range map[string]int64{"A.events:poison=1@0s+1s": 1, "bus:drop=1@0s+1s": 0} {
		inBubble(t, "async-replicated", quiet(t, "fault", fault), func(b *bubble) {
			lost := make(chan *fakesvcpb.WatchResponse, 9)
			b.watch(func(v *fakesvcpb.WatchResponse) {
				if v.GetLost() {
					lost <- v
				}
			})
			b.begin()
			synctest.Wait()
			b.write("A", 1, 3, 2)
			if v := <-lost; v.Consumer != "D" || v.GetService() != "A" || v.GetKey() != 3 || v.GetVersion() != 2 {
				b.Errorf("%s: lost %v", fault, v)
			}
			time.Sleep(2 * time.Second)
			if answer, _, err := b.ask(1, 3); err != nil || answer[0].Version != 1 {
				b.Errorf("%s: %v, %v", fault, answer, err)
			}
			b.write("A", 2, 3, 3)
			synctest.Wait()
			if answer, _, err := b.ask(1, 3); err != nil || answer[0].Version != 3 {
				b.Errorf("%s: the change behind it: %v, %v", fault, answer, err)
			}
			if s := b.statistics(); s.DeadLetters != deadLetters || s.LostChanges != 1 {
				b.Errorf("%s: %d dead letters, %d lost changes", fault, s.DeadLetters, s.LostChanges)
			}
		})
	}
}

// watch has fn called with all that becomes visible or is lost, until the bubble
// closes its controls.
func (b *bubble) watch(fn func(*fakesvcpb.WatchResponse)) {
	b.Helper()
	for _, c := range b.controls {
		stream, err := c.Watch(b.Context(), &fakesvcpb.WatchRequest{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			b.Fatal(err)
		}
		go func() {
			for {
				v, err := stream.Recv()
				if err != nil {
					return
				}
				fn(v)
			}
		}()
	}
}

// A query that nobody can decode is set aside, and the queries behind it are
// answered: D publishes the queries, so it is D whose events are poisonous.
func TestPoisonousQuery(t *testing.T) {
	inBubble(t, "async-request", quiet(t, "fault", "D.events:poison=1@0s+1s"), func(b *bubble) {
		during, after := felt(b)
		if (during != outcome{codes.DeadlineExceeded, time.Second}) || (after != outcome{}) {
			b.Errorf("%v, then %v", during, after)
		}
		if s := b.statistics(); s.DeadLetters != 3 {
			b.Errorf("%d dead letters, want the queries to A, B and C", s.DeadLetters)
		}
	})
}

// A rebalance delivers again what was not committed, and D is none the worse.
func TestRebalanceDeliversAgain(t *testing.T) {
	inBubble(t, "async-replicated", quiet(t, "fault", "bus:rebalance@300ms+200ms"), func(b *bubble) {
		b.begin()
		b.write("A", 1, 3, 2)
		b.write("A", 2, 3, 3)
		time.Sleep(time.Second)
		if answer, _, err := b.ask(1, 3); err != nil || answer[0].Version != 3 {
			b.Errorf("%v, %v", answer, err)
		}
	})
}

// One worker and room for two: of five at once, one is at work, two wait and two
// are refused.
func TestCapacity(t *testing.T) {
	each(t, []string{"latency", "B=100ms", "workers", "B=1,queue=2"}, func(b *bubble, scenario string) {
		outcomes := make(chan outcome, 5)
		for id := range int64(5) {
			go func() {
				_, took, err := b.ask(id, 1)
				outcomes <- outcome{status.Code(err), took}
			}()
		}
		got := make(map[outcome]int)
		for range 5 {
			got[<-outcomes]++
		}
		if scenario == "async-replicated" {
			if got[outcome{}] != 5 {
				b.Errorf("%v", got)
			}
			return
		}
		for _, want := range []outcome{{codes.OK, 100 * ms}, {codes.OK, 200 * ms}, {codes.OK, 300 * ms}} {
			if got[want] != 1 {
				b.Errorf("%v, want one %v", got, want)
			}
		}
		if got[outcome{codes.ResourceExhausted, 0}] != 2 {
			b.Errorf("%v, want two refused at once", got)
		}
		c := b.statistics().Capacities
		if len(c) != 1 || c[0].Arrived != 5 || c[0].Refused != 2 || c[0].Queued != 2 || c[0].LongestQueue != 2 || c[0].WaitedSeconds != 0.3 {
			b.Errorf("%v", c)
		}
	})
}

// A caller that gives up frees the worker that it waited for, or had.
func TestCapacityIsFreedByWhoGivesUp(t *testing.T) {
	inBubble(t, "sync", quiet(t, "latency", "B=100ms", "workers", "B=1,queue=1"), func(b *bubble) {
		ctx, cancel := context.WithTimeout(fakesvc.WithRequest(b.Context(), fakesvc.Request{ID: 1}), 30*ms)
		defer cancel()
		if _, err := b.entry.Query(ctx, 1); status.Code(err) != codes.DeadlineExceeded {
			b.Fatal(err)
		}
		synctest.Wait()
		if _, took, err := b.ask(2, 1); err != nil || took != 100*ms {
			b.Errorf("%v after %v", err, took)
		}
	})
}
