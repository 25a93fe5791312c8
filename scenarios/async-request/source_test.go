package asyncrequest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// Where the time of a query went: the parts are none below 0, and add up to the whole
// but where the supplier's clock claims more than that.
func TestSpentOn(t *testing.T) {
	for name, c := range map[string]struct {
		wait, work, took, produce time.Duration
		want                      fakesvc.Spent
	}{
		"all parts":                {30, 50, 100, 10, fakesvc.Spent{Produce: 10, Wait: 20, Work: 50, Reply: 20}},
		"read before acknowledged": {5, 50, 100, 40, fakesvc.Spent{Produce: 5, Work: 50, Reply: 45}},
		"a clock that is ahead":    {-5, 50, 100, 40, fakesvc.Spent{Work: 50, Reply: 50}},
		"a clock that is behind":   {500, 50, 100, 10, fakesvc.Spent{Produce: 10, Wait: 40, Work: 50}},
		"work beyond the whole":    {30, 150, 100, 10, fakesvc.Spent{Work: 150}},
	} {
		if got := spentOn(bus.Event{Wait: c.wait, Work: c.work}, c.took, c.produce); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// startConsumer starts D in a process of its own, on the bus of A, and returns what asks A.
func startConsumer(t *testing.T, supplier *fakesvc.Node) (*fakesvc.Host, source) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Spec{Kind: store.Memory}, store.Place{}, "D")
	must(t, err)
	t.Cleanup(func() { db.Close() })
	host, err := fakesvc.NewHost(t.Context(), supplier.Host().Env(), fakesvc.HostConfig{Services: []string{"D"}, Address: "127.0.0.1:0", Store: db}, make(chan error, 1))
	must(t, err)
	t.Cleanup(func() { host.Close() })
	node, err := host.AddNode(t.Context(), fakesvc.NodeConfig{Name: "D", Boundary: fault.NewBoundary("D", 1, nil)})
	must(t, err)
	link := New()
	one, err := link.Connect(t.Context(), node, "A")
	must(t, err)
	other, err := link.Connect(t.Context(), node, "B")
	must(t, err)
	if a, b := one.(source), other.(source); a.requester != b.requester || b.supplier != "B" || b.topic != "test.B.queries" {
		t.Errorf("the sources of one consumer do not share its replies: %+v, %+v", a, b)
	}
	host.Start()
	must(t, host.Ready(t.Context()))
	return host, one.(source)
}

func lateReplies(t *testing.T, h *fakesvc.Host) int64 {
	t.Helper()
	told, err := h.Statistics(t.Context(), false)
	must(t, err)
	return told.LateReplies
}

// A source returns what its supplier answers, its errors included, waits no longer than
// its caller, and counts the replies that come after that.
func TestFetchOverTheBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		supplier, results := startSupplier(t, "A:delay=100ms")
		host, a := startConsumer(t, supplier)
		fetch := func(key record.Key, limit time.Duration) (record.Record, time.Duration, codes.Code) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			begin := time.Now()
			got, err := a.Fetch(ctx, key)
			return got, time.Since(begin), status.Code(err)
		}
		got, took, code := fetch(0, time.Second)
		if code != codes.OK || got.Key != 0 || got.Version != 1 || !got.Intact("A", 16) || took != 100*time.Millisecond {
			t.Errorf("%+v, %v, after %v", got, code, took)
		}
		synctest.Wait()
		if got := results(); len(got) != 1 || got[0].Wait != 0 || got[0].Work != 100*time.Millisecond || got[0].Source != fakesvc.SourceOf("A") {
			t.Errorf("results %+v", got)
		}
		if _, took, code := fetch(9, time.Second); code != codes.NotFound || took != 100*time.Millisecond {
			t.Errorf("a key that nobody has: %v after %v", code, took)
		}
		if _, took, code := fetch(0, 50*time.Millisecond); code != codes.DeadlineExceeded || took != 50*time.Millisecond {
			t.Errorf("%v after %v, want the deadline after 50ms", code, took)
		}
		if _, took, code := fetch(0, 0); code != codes.DeadlineExceeded || took != 0 {
			t.Errorf("%v after %v, want the deadline that is over", code, took)
		}
		time.Sleep(time.Second)
		if n := lateReplies(t, host); n != 0 || len(a.requester.pending) != 0 {
			t.Errorf("%d late replies, %d queries are waited for", n, len(a.requester.pending))
		}
	})
}

// A query's stages are those of the slowest of its needs, of each to the nanosecond.
func TestStagesOfAQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		supplier, _ := startSupplier(t, "A:delay=100ms")
		host, a := startConsumer(t, supplier)
		node := a.requester.node
		node.Need("A", "async-request", a, policy.Policy{})
		begin := time.Now()
		_, err := node.Query(t.Context(), 0)
		must(t, err)
		took := time.Since(begin)
		told, err := host.Statistics(t.Context(), false)
		must(t, err)
		sum := 0.0
		for _, s := range told.Stages {
			sum += s.Seconds
			if s.Name == "supplier's work" && (s.Seconds != 0.1 || s.Queries != 1) {
				t.Errorf("%+v", s)
			}
		}
		if sum != took.Seconds() || sum < 0.1 {
			t.Errorf("the stages add up to %v s, the query took %v", sum, took)
		}
	})
}

// A reply that nobody waits for any more is counted, a second one too; those of another
// process are not.
func TestLateRepliesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		supplier, _ := startSupplier(t, "A:delay=100ms")
		host, a := startConsumer(t, supplier)
		r := a.requester
		waits := make(chan bus.Event, 1)
		r.register(r.own+"1", waits)
		must(t, r.deliver(t.Context(), []bus.Delivery{
			{Event: bus.Event{Correlation: r.own + "1", ID: "x"}}, {Event: bus.Event{Correlation: r.own + "1"}},
			{Event: bus.Event{Correlation: r.own + "2"}}, {Event: bus.Event{Correlation: "D-other-1"}},
		}))
		if got := <-waits; got.ID != "x" {
			t.Errorf("%+v", got)
		}
		if n := lateReplies(t, host); n != 2 {
			t.Errorf("%d late replies, want 2", n)
		}
	})
}

// A query that is nobody's is set aside and answered by nobody; a deadline of none is none.
func TestWhatCannotBeDecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		supplier, results := startSupplier(t, "A:delay=10ms")
		must(t, supplier.Host().Env().Bus.EnsureTopics(t.Context(), bus.Topic{Name: supplier.Host().Env().DeadLetters()}))
		event := bus.Event{ID: "x", Type: "AQuery", Source: fakesvc.SourceOf("D"), Request: 1, Key: make([]byte, 8), Data: []byte{0xff}, Correlation: "1", ReplyTo: "test.D.replies"}
		must(t, supplier.Host().Publish(t.Context(), bus.Outgoing{Topic: "test.A.queries", Event: event}))
		ask(t, supplier, 2, time.Time{})
		time.Sleep(time.Second)
		if got := results(); len(got) != 1 || got[0].Request != 2 || got[0].Type != "AQueryResult" || got[0].Correlation != "2" || got[0].Status != 0 {
			t.Errorf("results %+v", got)
		}
		told, err := supplier.Host().Statistics(t.Context(), false)
		must(t, err)
		if told.DeadLetters != 1 {
			t.Errorf("%d events are set aside, want 1", told.DeadLetters)
		}
	})
}

// A result that cannot be decoded is set aside, and its request fails at once.
func TestResultThatCannotBeDecoded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		supplier, _ := startSupplier(t, "A:delay=10ms")
		host, a := startConsumer(t, supplier)
		must(t, host.Env().Bus.EnsureTopics(t.Context(), bus.Topic{Name: host.Env().DeadLetters()}, bus.Topic{Name: "test.B.queries"}))
		a.topic = "test.B.queries" // which nobody answers
		failed := make(chan error, 1)
		go func() {
			_, err := a.Fetch(t.Context(), 0)
			failed <- err
		}()
		time.Sleep(time.Second)
		a.requester.hand(bus.Event{ID: "x", Type: "BQueryResult", Source: fakesvc.SourceOf("B"), Correlation: a.requester.own + "1", Data: []byte{0xff}})
		if err := <-failed; status.Code(err) != codes.Internal {
			t.Errorf("%v", err)
		}
		told, err := host.Statistics(t.Context(), false)
		must(t, err)
		if told.DeadLetters != 1 {
			t.Errorf("%d events are set aside, want 1", told.DeadLetters)
		}
	})
}

// The request that a query is for travels with it: faults are decided by it, and those of
// the warm-up are not counted.
func TestTheRequestTravelsWithTheQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		supplier, results := startSupplier(t, "A:delay=10ms")
		for _, id := range []int64{-2, -1, 5} {
			ask(t, supplier, id, time.Time{})
		}
		time.Sleep(time.Second)
		if got, counted := results(), supplier.Boundary.Statistics()[0].Interactions; len(got) != 3 || counted != 1 {
			t.Errorf("%d results, %d counted, want 3 and 1", len(got), counted)
		}
	})
}
