package fakesvc

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/setting"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
)

// inNode runs test with A, alone on a host, and with its database.
func inNode(t *testing.T, c NodeConfig, test func(t *testing.T, n *Node)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		db, err := store.Open(t.Context(), store.Spec{Kind: store.Memory}, store.Place{}, "A")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		host, err := NewHost(t.Context(), Env{Listen: network.Listen, Dial: network.Dial},
			HostConfig{Services: []string{"A"}, Address: "127.0.0.1:0", Store: db}, make(chan error, 1))
		if err != nil {
			t.Fatal(err)
		}
		defer host.Close()
		c.Name, c.Owns = "A", true
		if c.Boundary == nil {
			c.Boundary = fault.NewBoundary("A", 1, nil)
		}
		n, err := host.AddNode(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Seed(t.Context(), 1, 16); err != nil {
			t.Fatal(err)
		}
		test(t, n)
	})
}

// What nobody waits for any more is not begun: it takes no worker, meets no fault and
// does nothing.
func TestNothingIsBegunForNobody(t *testing.T) {
	var faults fault.Faults
	if err := faults.UnmarshalText([]byte("A:delay=0s")); err != nil {
		t.Fatal(err)
	}
	inNode(t, NodeConfig{Boundary: fault.NewBoundary("A", 1, faults), Capacity: setting.Capacity{Workers: 1}}, func(t *testing.T, n *Node) {
		begun := 0
		use := func(ctx context.Context) error {
			return n.Use(ctx, fault.Interaction{Use: fault.Call, ID: 1}, func(context.Context) error { begun++; return nil })
		}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		gone, leave := context.WithCancel(t.Context())
		leave()
		time.Sleep(time.Second)
		if err := use(late); status.Code(err) != codes.DeadlineExceeded {
			t.Error(err)
		}
		if err := use(gone); status.Code(err) != codes.Canceled {
			t.Error(err)
		}
		if err := n.Write(late, 1, record.Record{Version: 2}); status.Code(err) != codes.DeadlineExceeded {
			t.Error(err)
		}
		if met := n.Boundary.Statistics()[0].Interactions; begun != 0 || met != 0 || n.workers.arrived != 0 {
			t.Errorf("begun %d, at the boundary %d, at the workers %d", begun, met, n.workers.arrived)
		}
		if err := use(t.Context()); err != nil || begun != 1 || n.Boundary.Statistics()[0].Interactions != 1 {
			t.Errorf("%v, begun %d", err, begun)
		}
	})
}

// A frozen host begins, when it goes on, only what someone still waits for.
func TestAThawBeginsWhatIsStillWaitedFor(t *testing.T) {
	inNode(t, NodeConfig{}, func(t *testing.T, n *Node) {
		n.host.frozen.close()
		time.AfterFunc(time.Second, n.host.frozen.open)
		for limit, want := range map[time.Duration]codes.Code{500 * time.Millisecond: codes.DeadlineExceeded, 2 * time.Second: codes.OK} {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				begin := time.Now()
				err := n.Use(ctx, fault.Interaction{}, func(context.Context) error { return nil })
				if took := time.Since(begin); status.Code(err) != want || took != min(limit, time.Second) {
					t.Errorf("%v after %v", err, took)
				}
			}()
		}
		time.Sleep(3 * time.Second)
	})
}

// Load above the stated bounds is refused at once: of a thousand at a time, 2 are at
// work, 3 wait, and the rest costs no time. All that is admitted succeeds.
func TestLoadIsShedAtTheStatedQueue(t *testing.T) {
	inNode(t, NodeConfig{Capacity: setting.Capacity{Workers: 2, Queue: 3}}, func(t *testing.T, n *Node) {
		type outcome struct {
			code codes.Code
			took time.Duration
		}
		outcomes := make(chan outcome, 1000)
		for id := range int64(cap(outcomes)) {
			go func() {
				begin := time.Now()
				err := n.Use(t.Context(), fault.Interaction{ID: id}, func(context.Context) error {
					time.Sleep(10 * time.Millisecond)
					return nil
				})
				outcomes <- outcome{status.Code(err), time.Since(begin)}
			}()
		}
		got := make(map[outcome]int)
		for range cap(outcomes) {
			got[<-outcomes]++
		}
		want := map[outcome]int{
			{codes.OK, 10 * time.Millisecond}: 2, {codes.OK, 20 * time.Millisecond}: 2, {codes.OK, 30 * time.Millisecond}: 1,
			{codes.ResourceExhausted, 0}: 995,
		}
		for o, n := range want {
			if got[o] != n {
				t.Errorf("%d × %v after %v, want %d", got[o], o.code, o.took, n)
			}
		}
	})
}

func TestStatusOfADatabasesError(t *testing.T) {
	for err, want := range map[error]codes.Code{
		context.DeadlineExceeded: codes.DeadlineExceeded, context.Canceled: codes.Canceled,
		store.ErrAway: codes.Unavailable, store.ErrLocked: codes.Unavailable, store.ErrFull: codes.ResourceExhausted,
		errors.New("torn page"): codes.Internal,
	} {
		if got := status.Code(storeError("write", fmt.Errorf("collection: %w", err))); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
