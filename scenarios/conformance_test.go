package scenarios_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/scenarios"
)

// Exact, to the nanosecond: the clock is a fake one, and nothing else takes time.
func TestLatencyIsThatOfTheWork(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		scenario, fanout string
		want             time.Duration
	}{
		{"sync", "parallel", 30 * ms},
		{"sync", "sequential", 60 * ms},
		{"async-request", "parallel", 30 * ms},
		{"async-request", "sequential", 60 * ms},
		{"async-replicated", "parallel", 0},
		{"async-replicated", "sequential", 0},
		{"monolith", "parallel", 30 * ms},
		{"monolith", "sequential", 60 * ms},
	} {
		t.Run(c.scenario+" "+c.fanout, func(t *testing.T) {
			e := quiet(t, "latency", "A=10ms,B=20ms,C=30ms", "fanout", c.fanout)
			inWorld(t, c.scenario, e, func(b *bubble) {
				for id := range int64(20) {
					if _, took, err := b.ask(id, record.Key(id)); err != nil || !b.lasted(took, c.want) {
						b.Fatalf("request %d took %v (%v), want %v", id, took, err, c.want)
					}
				}
			})
		})
	}
}

func TestAnswerHoldsARecordOfEachNeed(t *testing.T) {
	conform(t, nil, func(b *bubble, _ string) {
		answer, _, err := b.ask(1, 7)
		if err != nil {
			b.Fatal(err)
		}
		if len(answer) != 3 {
			b.Fatalf("%d records", len(answer))
		}
		for i, service := range []string{"A", "B", "C"} {
			if a := answer[i]; a.Service != service || a.Key != 7 || a.Version != 1 || !a.Intact(service, 16) {
				b.Errorf("record %d is %+v", i, a)
			}
		}
	})
}

func TestAKeyThatNobodyHas(t *testing.T) {
	conform(t, nil, func(b *bubble, _ string) {
		if _, _, err := b.ask(1, 99); status.Code(err) != codes.NotFound {
			b.Errorf("error %v, want NOT_FOUND", err)
		}
	})
}

// The same data, once quiet, is the same answers, however the services are wired.
func TestTopologiesAgreeOnceQuiet(t *testing.T) {
	answers := make(map[string]string)
	conform(t, []string{"latency", "lognormal(5ms,50ms)"}, func(b *bubble, scenario string) {
		for n := range 60 {
			service := []string{"A", "B", "C"}[n%3]
			b.write(service, int64(n), record.Key(n%7), uint64(2+n/21))
		}
		b.quieten(func() bool {
			for n := range 21 { // the last write to each key of each owner
				if last := 59 - n; !b.knows(record.Key(last%7), uint64(2+last/21), last%3) {
					return false
				}
			}
			return true
		})
		var all strings.Builder
		for key := range 20 {
			answer, _, err := b.ask(int64(key), record.Key(key))
			if err != nil {
				b.Fatal(err)
			}
			for _, a := range answer {
				fmt.Fprintf(&all, "%s %d %d %x\n", a.Service, a.Key, a.Version, a.Payload)
			}
		}
		answers[scenario] = all.String()
	})
	for scenario, got := range answers {
		if got != answers["sync"] {
			t.Errorf("%s answers\n%s\nand sync\n%s", scenario, got, answers["sync"])
		}
	}
	if !strings.Contains(answers["sync"], "A 0 4 ") {
		t.Errorf("the last version is not in the answers:\n%s", answers["sync"])
	}
}

// A write is seen at once where D asks the owner, and after the owner's work
// where D keeps a copy: work at the boundary becomes staleness.
func TestWriteBecomesVisible(t *testing.T) {
	conform(t, []string{"latency", "A=40ms"}, func(b *bubble, scenario string) {
		b.write("A", 1, 3, 2)
		if answer, _, err := b.ask(1, 3); err != nil || scenario != "async-replicated" && answer[0].Version != 2 {
			b.Fatalf("right after the write: %v, %v", answer, err)
		}
		if scenario != "async-replicated" {
			return
		}
		written := time.Now()
		if b.real {
			b.quieten(func() bool { return b.knows(3, 2, 0) })
			if took := time.Since(written); !b.lasted(took, 40*time.Millisecond) {
				b.Errorf("visible %v after the write", took)
			}
			return
		}
		time.Sleep(40*time.Millisecond - time.Nanosecond)
		if answer, _, _ := b.ask(2, 3); answer[0].Version != 1 {
			b.Errorf("visible %v after the write, before the work was done", time.Since(written))
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if answer, _, _ := b.ask(3, 3); answer[0].Version != 2 {
			b.Errorf("not visible %v after the write", time.Since(written))
		}
	})
}

func TestOneDeadService(t *testing.T) {
	conform(t, []string{"outage", "B@1s+3s"}, func(b *bubble, scenario string) {
		b.begin()
		expect := func(when string, want codes.Code, wantTook time.Duration) {
			b.Helper()
			if _, took, err := b.ask(1, 1); status.Code(err) != want || !b.lasted(took, wantTook) {
				b.Errorf("%s: %v after %v; want %v after %v", when, err, took, want, wantTook)
			}
		}
		expect("before", codes.OK, 0)
		time.Sleep(2 * time.Second)
		switch scenario {
		case "sync", "monolith": // refused; in the monolith D's own process is away
			expect("during", codes.Unavailable, 0)
		case "async-request": // nobody reads the query
			expect("during", codes.DeadlineExceeded, time.Second)
		case "async-replicated":
			expect("during", codes.OK, 0)
		}
		time.Sleep(3 * time.Second)
		expect("after", codes.OK, 0)
		for _, f := range b.statistics().Faults {
			if f.Kind != fault.Outage {
				continue
			}
			if w := f.DeliveredWindow.Exact(); !b.lasted(w.Start, time.Second) || !b.lasted(w.Length, 3*time.Second) {
				b.Errorf("delivered in %v", w)
			}
		}
	})
}

// What is written while the consumer is away is there when it is back.
func TestChangesOutliveAnOutageOfTheReplica(t *testing.T) {
	e := quiet(t, "outage", "D@1s+3s")
	inWorld(t, "async-replicated", e, func(b *bubble) {
		b.begin()
		time.Sleep(2 * time.Second)
		b.write("A", 1, 5, 2)
		if _, _, err := b.ask(1, 5); status.Code(err) != codes.Unavailable {
			b.Errorf("D answers during its outage: %v", err)
		}
		time.Sleep(4 * time.Second)
		if answer, _, err := b.ask(2, 5); err != nil || answer[0].Version != 2 {
			b.Errorf("after the outage: %v, %v", answer, err)
		}
	})
}

func TestChangesOutliveAnOutageOfTheOwner(t *testing.T) {
	e := quiet(t, "outage", "A@1s+3s", "latency", "A=500ms")
	inWorld(t, "async-replicated", e, func(b *bubble) {
		b.begin()
		time.Sleep(900 * time.Millisecond)
		b.write("A", 1, 5, 2) // at work when the process goes away
		time.Sleep(3 * time.Second)
		if answer, _, err := b.ask(1, 5); err != nil || answer[0].Version != 1 {
			b.Errorf("during the outage: %v, %v", answer, err)
		}
		time.Sleep(time.Second)
		if answer, _, err := b.ask(2, 5); err != nil || answer[0].Version != 2 {
			b.Errorf("after the outage: %v, %v", answer, err)
		}
	})
}

func TestHangLastsUntilTheDeadline(t *testing.T) {
	conform(t, []string{"hang-rate", "B=1"}, func(b *bubble, scenario string) {
		_, took, err := b.ask(1, 1)
		want, wantTook := codes.DeadlineExceeded, time.Second
		if scenario == "async-replicated" {
			want, wantTook = codes.OK, 0
		}
		if status.Code(err) != want || !b.lasted(took, wantTook) {
			b.Errorf("%v after %v; want %v after %v", err, took, want, wantTook)
		}
	})
}

func TestCancelledRequest(t *testing.T) {
	conform(t, []string{"latency", "500ms"}, func(b *bubble, scenario string) {
		ctx, cancel := context.WithCancel(b.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		begin := time.Now()
		_, err := b.entry.Query(ctx, 1)
		if scenario == "async-replicated" {
			if err != nil {
				b.Error(err)
			}
			return
		}
		if took := time.Since(begin); status.Code(err) != codes.Canceled || !b.lasted(took, 100*time.Millisecond) {
			b.Errorf("%v after %v; want CANCELED after 100ms", err, took)
		}
	})
}

// Request n meets the same faults in every topology, in whatever order and
// however many at once.
func TestSameRequestsMeetTheSameFaults(t *testing.T) {
	const requests = 400
	outcomes := make(map[string]string)
	settings := []string{"fail-rate", "A=UNAVAILABLE:3%,INTERNAL:3%,C=0.1", "seed", "42"}
	conform(t, settings, func(b *bubble, scenario string) {
		if scenario == "async-replicated" {
			return // no request reaches a boundary there
		}
		results := make([]string, requests)
		done := make(chan struct{})
		for worker := range 8 {
			go func() {
				defer func() { done <- struct{}{} }()
				for id := requests - 1 - worker; id >= 0; id -= 8 {
					_, _, err := b.ask(int64(id), 1)
					results[id] = status.Code(err).String()
				}
			}()
		}
		for range 8 {
			<-done
		}
		outcomes[scenario] = strings.Join(results, " ")
	})
	failed := requests - strings.Count(outcomes["sync"], "OK")
	if failed < 30 || failed > 90 { // 62 expected, sigma 7
		t.Errorf("%d of %d requests failed", failed, requests)
	}
	for scenario, got := range outcomes {
		if got != outcomes["sync"] {
			t.Errorf("%s and sync differ in which requests fail", scenario)
		}
	}
}

// Errors and work at an owner's boundary become age where D keeps a copy.
func TestFailingOwnerMakesTheReplicaStale(t *testing.T) {
	e := quiet(t, "fail-rate", "A=0.5", "latency", "A=10ms")
	inWorld(t, "async-replicated", e, func(b *bubble) {
		for n := range 20 {
			b.write("A", int64(n), record.Key(n), 2)
		}
		if answer, _, err := b.ask(1, 0); err != nil || answer[0].Version != 1 {
			b.Errorf("right after the writes: %v, %v", answer, err)
		}
		b.quieten(func() bool {
			return !slices.ContainsFunc(keys(20), func(key record.Key) bool { return !b.knows(key, 2, 0) })
		})
		for key := range 20 {
			if answer, _, err := b.ask(1, record.Key(key)); err != nil || answer[0].Version != 2 {
				b.Errorf("key %d in the end: %v, %v", key, answer, err)
			}
		}
		for _, f := range b.statistics().Faults {
			if f.Target == "A" && f.Kind == fault.Abort && (f.Injected == 0 || f.Interactions != 20+f.Injected) {
				b.Errorf("%d attempts, %d of them failed; each failure should lead to another attempt", f.Interactions, f.Injected)
			}
		}
	})
}

// deep is a web of requests: D needs A and B, A needs X and Y.
func deep(t *testing.T, settings ...string) *experiment.Experiment {
	e := quiet(t, settings...)
	e.Services = []experiment.Service{
		{Name: "D", Needs: []experiment.Need{{Service: "A"}, {Service: "B"}}},
		{Name: "A", Needs: []experiment.Need{{Service: "X"}, {Service: "Y"}}},
		{Name: "B"}, {Name: "X"}, {Name: "Y"},
	}
	return e
}

func TestDeeperGraph(t *testing.T) {
	for scenario, want := range map[string]time.Duration{
		"sync": 10*time.Millisecond + 40*time.Millisecond, "async-request": 50 * time.Millisecond,
		"async-replicated": 0, "monolith": 50 * time.Millisecond,
	} {
		t.Run(scenario, func(t *testing.T) {
			e := deep(t, "latency", "A=10ms,B=20ms,X=30ms,Y=40ms")
			inWorld(t, scenario, e, func(b *bubble) {
				b.write("X", 1, 2, 2)
				answer, took, err := b.ask(1, 2)
				if err != nil || !b.lasted(took, want) || len(answer) != 2 {
					b.Errorf("%v in %v (%v), want %v", answer, took, err, want)
				}
			})
		})
	}
}

func TestFailureTravelsUpADeeperGraph(t *testing.T) {
	for scenario, want := range map[string]codes.Code{
		"sync": codes.DataLoss, "async-request": codes.DataLoss, "monolith": codes.DataLoss, "async-replicated": codes.OK,
	} {
		t.Run(scenario, func(t *testing.T) {
			inWorld(t, scenario, deep(t, "fail-rate", "Y=DATA_LOSS:1"), func(b *bubble) {
				if _, _, err := b.ask(1, 2); status.Code(err) != want {
					b.Errorf("%v, want %v", err, want)
				}
			})
		})
	}
}

// Links of different kinds stand in one graph: D calls A and C, keeps a copy of B.
func TestMixedLinks(t *testing.T) {
	e := quiet(t, "latency", "A=10ms,B=70ms,C=20ms", "fail-rate", "B=1")
	e.Services[0].Needs[1].Link = "async-replicated"
	inWorld(t, "sync", e, func(b *bubble) {
		answer, took, err := b.ask(1, 2)
		if err != nil || !b.lasted(took, 20*time.Millisecond) || len(answer) != 3 {
			b.Errorf("%v in %v, %v", answer, took, err)
		}
		sync, _ := scenarios.ByName("sync")
		if got := scenarios.Copies(sync, e); len(got) != 1 || got[0] != (scenarios.Copy{Consumer: "D", Owner: "B"}) {
			b.Errorf("replicas %v", got)
		}
	})
}

func TestEventsAreCounted(t *testing.T) {
	conform(t, nil, func(b *bubble, scenario string) {
		for id := range int64(10) {
			if _, _, err := b.ask(id, 1); err != nil {
				b.Fatal(err)
			}
		}
		b.write("A", 1, 1, 2)
		if _, _, err := b.ask(-1, 1); err != nil { // of the warm-up, and not counted
			b.Fatal(err)
		}
		want := map[string]int64{"async-request": 60, "async-replicated": 1}[scenario]
		b.rest(func() bool { return b.statistics().Events == want })
		if got := b.statistics().Events; got != want {
			b.Errorf("%d events for 10 queries and a write, want %d", got, want)
		}
	})
}

// A reply that arrives after its requester gave up is counted, and is no part of
// the next request.
func TestLateReply(t *testing.T) {
	inWorld(t, "async-request", quiet(t, "latency", "A=50ms"), func(b *bubble) {
		ctx, cancel := context.WithCancel(b.Context())
		time.AfterFunc(20*time.Millisecond, cancel) // the query's deadline is far away
		if _, err := b.entry.Query(ctx, 1); status.Code(err) != codes.Canceled {
			b.Fatal(err)
		}
		time.Sleep(40 * time.Millisecond)
		b.rest(func() bool { return b.statistics().LateReplies == 1 })
		if late := b.statistics().LateReplies; late != 1 {
			b.Errorf("%d late replies, want that of A", late)
		}
		if answer, _, err := b.ask(2, 2); err != nil || answer[0].Key != 2 {
			b.Errorf("the next request: %v, %v", answer, err)
		}
	})
}

func TestStorage(t *testing.T) {
	for _, kind := range []string{"memory", "sqlite", "bbolt"} {
		conform(t, []string{"store", kind}, func(b *bubble, scenario string) {
			own, copies := 0, 0
			for _, c := range b.statistics().Collections {
				if c.Bytes <= 0 {
					b.Errorf("%s in %s takes %d bytes", c.Owner, c.Service, c.Bytes)
				}
				if c.Service == c.Owner {
					own++
				} else {
					copies++
				}
			}
			wantCopies := 0
			if scenario == "async-replicated" {
				wantCopies = 3
			}
			if own != 3 || copies != wantCopies {
				b.Errorf("%s: %d collections and %d copies, want 3 and %d", kind, own, copies, wantCopies)
			}
		})
	}
}

func TestWatchReportsWhatBecameVisible(t *testing.T) {
	inWorld(t, "async-replicated", quiet(t, "latency", "B=30ms"), func(b *bubble) {
		seen := make(chan string, 10)
		for _, c := range b.controls {
			stream, err := c.Watch(b.Context(), nil)
			if err != nil {
				b.Fatal(err)
			}
			if first, err := stream.Recv(); err != nil || first.GetService() != "" {
				b.Fatal(first, err)
			}
			go func() {
				for {
					v, err := stream.Recv()
					if err != nil {
						return
					}
					seen <- fmt.Sprintf("%s %s %d %d", v.Consumer, v.GetService(), v.GetKey(), v.GetVersion())
				}
			}()
		}
		written := time.Now()
		b.write("B", 1, 4, 2)
		if got := <-seen; got != "D B 4 2" || !b.lasted(time.Since(written), 30*time.Millisecond) {
			b.Errorf("%q after %v", got, time.Since(written))
		}
	})
}

// knows tells whether D answers with a version of a key of its i-th need.
func (b *bubble) knows(key record.Key, version uint64, i int) bool {
	answer, _, err := b.ask(-1, key)
	return err == nil && answer[i].Version == version
}

func keys(n int) []record.Key {
	var all []record.Key
	for key := range n {
		all = append(all, record.Key(key))
	}
	return all
}
