package monolith

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A function call answers as its supplier does, its errors included, costs what the
// supplier's work costs, and reaches who is in the same process alone.
func TestACallIsTheSuppliersWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		db, err := store.Open(t.Context(), store.Spec{Kind: store.Memory}, store.Place{}, "all")
		must(t, err)
		defer db.Close()
		var asked fault.Faults
		must(t, asked.UnmarshalText([]byte("A:delay=100ms")))
		env := fakesvc.Env{Listen: network.Listen, Dial: network.Dial, Keys: 1}
		host, err := fakesvc.NewHost(t.Context(), env, fakesvc.HostConfig{Services: []string{"A", "D"}, Address: "127.0.0.1:0", Store: db, Faults: asked}, make(chan error, 1))
		must(t, err)
		defer host.Close()
		a, err := host.AddNode(t.Context(), fakesvc.NodeConfig{Name: "A", Owns: true, Boundary: fault.NewBoundary("A", 1, asked)})
		must(t, err)
		d, err := host.AddNode(t.Context(), fakesvc.NodeConfig{Name: "D", Boundary: fault.NewBoundary("D", 1, nil)})
		must(t, err)
		must(t, a.Seed(t.Context(), 1, 16))
		host.Start()

		if _, err := (Link{}).Connect(t.Context(), d, "B"); err == nil || err.Error() != "D calls B by a function, but they are not in one process" {
			t.Errorf("of another process: %v", err)
		}
		calls, err := Link{}.Connect(t.Context(), d, "A")
		must(t, err)
		begin := time.Now()
		if got, err := calls.Fetch(t.Context(), 0); err != nil || got.Version != 1 || !got.Intact("A", 16) || time.Since(begin) != 100*time.Millisecond {
			t.Errorf("%+v, %v after %v", got, err, time.Since(begin))
		}
		if _, err := calls.Fetch(t.Context(), 9); status.Code(err) != codes.NotFound {
			t.Errorf("a key that nobody has: %v", err)
		}
		d.Need("A", "monolith", calls, policy.Policy{})
		_, err = d.Query(context.WithoutCancel(t.Context()), 0)
		must(t, err)
		told, err := host.Statistics(t.Context(), false)
		must(t, err)
		for _, s := range told.Stages {
			want := 0.0
			if s.Service == "D" && s.Name == "supplier's work" || s.Service == "A" && s.Name == "own work" {
				want = 0.1 * float64(s.Queries)
			}
			if s.Seconds != want || s.Queries == 0 {
				t.Errorf("%+v, want %v s", s, want)
			}
		}
	})
}
