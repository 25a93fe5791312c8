package synchronous

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/internal/fault"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start has a service on a host of its own, which is started and not yet ready.
func start(t *testing.T, env fakesvc.Env, name string, owns bool) (*fakesvc.Host, *fakesvc.Node) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Spec{Kind: store.Memory}, store.Place{}, name)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	host, err := fakesvc.NewHost(t.Context(), env, fakesvc.HostConfig{Services: []string{name}, Address: env.Address(name), Store: db}, make(chan error, 1))
	must(t, err)
	t.Cleanup(func() { host.Close() })
	node, err := host.AddNode(t.Context(), fakesvc.NodeConfig{Name: name, Owns: owns, Boundary: fault.NewBoundary(name, 1, nil)})
	must(t, err)
	host.Start()
	return host, node
}

// A consumer is ready once it has reached its supplier, gets what that answers, its errors
// included, and leaves no connection behind, which would outlive this bubble.
func TestACallReachesTheSupplier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		ports := map[string]string{"A": "127.0.0.1:7001", "D": "127.0.0.1:7002"}
		env := fakesvc.Env{Listen: network.Listen, Dial: network.Dial, Keys: 1, Address: func(s string) string { return ports[s] }}
		host, d := start(t, env, "D", false)
		calls, err := Link{}.Connect(t.Context(), d, "A")
		must(t, err)
		early, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := host.Ready(early); err == nil {
			t.Error("D is ready without A")
		}
		supplier, a := start(t, env, "A", true)
		must(t, a.Seed(t.Context(), 1, 16))
		must(t, supplier.Ready(t.Context()))
		must(t, host.Ready(t.Context()))
		if got, err := calls.Fetch(t.Context(), 0); err != nil || got.Version != 1 || !got.Intact("A", 16) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := calls.Fetch(t.Context(), 9); status.Code(err) != codes.NotFound {
			t.Errorf("a key that nobody has: %v", err)
		}
	})
}

// An address that is none is said at once.
func TestACallOfNoAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		env := fakesvc.Env{Listen: network.Listen, Dial: network.Dial, Address: func(s string) string { return map[string]string{"D": "127.0.0.1:7002", "A": "\x7f"}[s] }}
		_, d := start(t, env, "D", false)
		if calls, err := (Link{}).Connect(t.Context(), d, "A"); err == nil {
			t.Errorf("%v", calls)
		}
	})
}
