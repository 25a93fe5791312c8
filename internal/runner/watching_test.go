package runner

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/scenarios"
)

// watched is a control that can be watched.
type watched struct {
	fakesvcpb.ControlClient
	ctx  context.Context
	told chan *fakesvcpb.WatchResponse
}

func (w *watched) Watch(ctx context.Context, _ *fakesvcpb.WatchRequest, _ ...grpc.CallOption) (grpc.ServerStreamingClient[fakesvcpb.WatchResponse], error) {
	w.ctx = ctx
	return told{ctx: ctx, told: w.told}, nil
}

type told struct {
	grpc.ClientStream
	ctx  context.Context
	told chan *fakesvcpb.WatchResponse
}

func (t told) Recv() (*fakesvcpb.WatchResponse, error) {
	select {
	case v := <-t.told:
		return v, nil
	case <-t.ctx.Done():
		return nil, t.ctx.Err()
	}
}

// A node is watched until it has told what it counted, though nothing that it shows
// after the load is passed on: one that nobody watches is the next driver's.
func TestNodesAreWatchedUntilTheEnd(t *testing.T) {
	node := &watched{told: make(chan *fakesvcpb.WatchResponse)}
	n := &nodes{controls: []*control{{Control: scenarios.Control{}, client: &fakesvc.ControlClient{ControlClient: node}}}}
	lag := load.NewLag([]load.Replica{{Consumer: "D", Owner: "A"}}, func(_, _ time.Duration) {})
	lag.Acknowledged("A", 1, 1, 1, 0)
	lag.Acknowledged("A", 2, 1, 1, 0)
	offering, end := context.WithCancel(t.Context())
	go func() { node.told <- &fakesvcpb.WatchResponse{} }()
	w, err := n.watch(offering, lag, &applications{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	node.told <- &fakesvcpb.WatchResponse{Consumer: "D", Service: "A", Key: 1, Version: 1}
	for lag.Unseen() == 2 {
		time.Sleep(time.Millisecond)
	}
	w.deafen()
	end()
	node.told <- &fakesvcpb.WatchResponse{Consumer: "D", Service: "A", Key: 2, Version: 1}
	if err := node.ctx.Err(); err != nil {
		t.Errorf("the watch has ended with the load: %v", err)
	}
	w.stop()
	if node.ctx.Err() == nil {
		t.Error("the watch goes on")
	}
	if lag.Unseen() != 1 {
		t.Errorf("%d changes unseen: what came after the load was passed on", lag.Unseen())
	}
}

// A change is visible once each copy of a service shows it that keeps one of its own:
// queries go to all of them.
func TestVisibleInEachCopy(t *testing.T) {
	for store, want := range map[string][]int{"D=sqlite": {2, 1, 0}, "D=postgres://h/d": {1, 0, 0}} {
		e := ask(t, "store", store, "replicas", "D=2", "placement", "process")
		s, _ := scenarios.ByName("async-replicated")
		d := scenarios.Process{Name: "D", Services: []experiment.Service{e.Entry()}}
		n := &nodes{}
		for i := range 2 {
			n.controls = append(n.controls, &control{Control: scenarios.Control{Process: d}, copy: i, shares: i > 0 && sharesDatabase(e, "D")})
		}
		r := &run{scenario: s, experiment: e, nodes: n}
		lag := load.NewLag(r.replicas(), func(_, _ time.Duration) {})
		w := &watching{lag: lag, applied: &applications{}, started: time.Now()}
		lag.Acknowledged("A", 1, 2, 2, 0)
		got := []int{lag.Unseen()}
		for _, c := range n.controls {
			w.passOn(c, &fakesvcpb.WatchResponse{Consumer: "D", Service: "A", Key: 1, Version: 2})
			got = append(got, lag.Unseen())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d unseen after each copy, want %d", store, got, want)
		}
	}
}

// A version that is told of again, or that comes after a newer one, was applied again;
// not so in another replica, of another key, or once a process that keeps nothing has
// begun anew.
func TestApplications(t *testing.T) {
	d, e := &control{}, &control{copy: 1}
	shows := func(key, version uint64) *fakesvcpb.WatchResponse {
		return &fakesvcpb.WatchResponse{Consumer: "D", Service: "A", Key: key, Version: version}
	}
	var a applications
	for i, step := range []struct {
		by   *control
		v    *fakesvcpb.WatchResponse
		want int64
	}{
		{d, shows(1, 2), 0}, {d, shows(1, 3), 0}, {d, shows(2, 2), 0}, {e, shows(1, 2), 0},
		{d, shows(1, 3), 1}, {d, shows(1, 2), 2}, {e, shows(1, 3), 2},
	} {
		if a.add(step.by, step.v); a.count() != step.want {
			t.Errorf("step %d: %d applied again, want %d", i, a.count(), step.want)
		}
	}
	a.forget(d)
	if a.add(d, shows(1, 2)); a.count() != 2 {
		t.Error("what has begun anew applies all again")
	}
	if a.add(e, shows(1, 3)); a.count() != 3 {
		t.Error("the other one has not begun anew")
	}
}

// What a copy shows twice was applied again; not so what it held when it was watched
// anew, nor what comes after the load.
func TestWhatIsPassedOnIsCounted(t *testing.T) {
	w := &watching{lag: load.NewLag(nil, nil), applied: &applications{}, started: time.Now()}
	c := &control{}
	for i, step := range []struct {
		held bool
		want int64
	}{{false, 0}, {true, 0}, {false, 1}, {true, 1}} {
		w.passOn(c, &fakesvcpb.WatchResponse{Consumer: "D", Service: "A", Key: 1, Version: 2, Held: step.held})
		if got := w.applied.count(); got != step.want {
			t.Errorf("step %d: %d applied again, want %d", i, got, step.want)
		}
	}
	w.deafen()
	w.passOn(c, &fakesvcpb.WatchResponse{Consumer: "D", Service: "A", Key: 1, Version: 2})
	if got := w.applied.count(); got != 1 {
		t.Errorf("after the load: %d applied again", got)
	}
}
