package asyncrequest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
)

// A query's deadline travels with it: what has passed is not begun, and what passes
// while it is worked on is left, without a result. Only the third of these queries has
// the 100 ms that A takes for each.
func TestTheDeadlineTravelsWithTheQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node, results := startSupplier(t, "A:delay=100ms")
		begin := time.Now()
		for id, limit := range []time.Duration{0, 50 * time.Millisecond, 150 * time.Millisecond} {
			ask(t, node, int64(id), begin.Add(limit))
		}
		time.Sleep(time.Second)
		got := results()
		if len(got) != 1 || got[0].Request != 2 || got[0].Work != 100*time.Millisecond || !got[0].Deadline.Equal(begin.Add(150*time.Millisecond)) {
			t.Errorf("results: %+v", got)
		}
		if begun := node.Boundary.Statistics()[0].Interactions; begun != 2 {
			t.Errorf("A has begun on %d queries, want 2", begun)
		}
	})
}

// A responder ends when the last query that it began has ended.
func TestResponderEndsWithItsQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &responder{}
		begin := time.Now()
		must(t, r.run(func(context.Context) error {
			r.handlers.Go(func() { time.Sleep(time.Second) })
			return nil
		})(t.Context()))
		if took := time.Since(begin); took != time.Second {
			t.Errorf("it has ended after %v, want 1s", took)
		}
	})
}

// The last statistics count what is under way, however late it is begun; others, and what
// lasts too long, is not waited for, and that is said.
func TestTheLastStatisticsWait(t *testing.T) {
	for _, c := range []struct {
		faults    string
		last      bool
		events    int64 // the query of each, which A publishes here itself, and the results
		unsettled string
		took      time.Duration
	}{
		{"A:delay=1500ms", true, 6, "", 1500 * time.Millisecond},
		{"A:delay=1500ms", false, 3, "", 0},
		{"A:delay=2500ms", true, 3, "3 answers or events were not published", 2 * time.Second},
		{"bus:delay=3s", true, 3, "3 events of A.queries were not read", 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			node, _ := startSupplier(t, c.faults)
			for id := range int64(3) {
				ask(t, node, id, time.Now().Add(time.Minute))
			}
			begin := time.Now()
			told, err := node.Host().Statistics(t.Context(), c.last)
			must(t, err)
			if took := time.Since(begin); told.Events != c.events || told.Unsettled != c.unsettled || took.Truncate(10*time.Millisecond) != c.took {
				t.Errorf("%s, last %v: %d events, %q, after %v", c.faults, c.last, told.Events, told.Unsettled, took)
			}
		})
	}
}

// startSupplier starts A behind faults, and returns what it has answered so far.
func startSupplier(t *testing.T, faults string) (node *fakesvc.Node, results func() []bus.Event) {
	t.Helper()
	var network simnet.Network
	broker, err := bus.StartBroker(network.Listen)
	must(t, err)
	t.Cleanup(broker.Close)
	cluster := bus.Config{Addresses: broker.Addresses(), Dial: network.Dial}
	client, err := bus.Open(t.Context(), cluster)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	db, err := store.Open(t.Context(), store.Spec{Kind: store.Memory}, store.Place{}, "A")
	must(t, err)
	t.Cleanup(func() { db.Close() })
	env := fakesvc.Env{
		Listen: network.Listen, Dial: network.Dial, Bus: client, Cluster: cluster, Prefix: "test", Keys: 1,
		Entity: func(s string) string { return s },
	}
	var asked fault.Faults
	must(t, asked.UnmarshalText([]byte(faults)))
	host, err := fakesvc.NewHost(t.Context(), env, fakesvc.HostConfig{Services: []string{"A"}, Address: "127.0.0.1:0", Store: db, Faults: asked}, make(chan error, 1))
	must(t, err)
	t.Cleanup(func() { host.Close() })
	node, err = host.AddNode(t.Context(), fakesvc.NodeConfig{Name: "A", Owns: true, Boundary: fault.NewBoundary("A", 1, asked)})
	must(t, err)
	must(t, New().Supply(t.Context(), node))
	must(t, node.Seed(t.Context(), 1, 16))
	must(t, client.EnsureTopics(t.Context(), bus.Topic{Name: "test.D.replies"}))
	var mu sync.Mutex
	var got []bus.Event
	host.Run(host.Consume("test.D.replies", fakesvc.Handler{Handle: func(_ context.Context, batch []bus.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		for _, d := range batch {
			got = append(got, d.Event)
		}
		return nil
	}}))
	host.Start()
	must(t, host.Ready(t.Context()))
	return node, func() []bus.Event {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

func ask(t *testing.T, node *fakesvc.Node, id int64, deadline time.Time) {
	t.Helper()
	data, err := proto.Marshal(&fakesvcpb.QueryRequest{Service: "A", Request: id})
	must(t, err)
	must(t, node.Host().Publish(t.Context(), bus.Outgoing{Topic: "test.A.queries", Event: bus.Event{
		ID: fmt.Sprint(id), Type: "AQuery", Source: fakesvc.SourceOf("D"), Request: id, Key: make([]byte, 8), Data: data,
		Correlation: fmt.Sprint(id), ReplyTo: "test.D.replies", Deadline: deadline,
	}}))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
