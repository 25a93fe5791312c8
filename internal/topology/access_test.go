package topology

import (
	"net"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/internal/record"
	"crosstalk/scenarios"
)

func envOf() fakesvc.Env {
	return fakesvc.Env{Listen: net.Listen, Dial: new(net.Dialer).DialContext}
}

func inThisProcess(t *testing.T) *Topology {
	t.Helper()
	e := experimentOf(t, map[string]string{"store": "memory", "keys": "10"})
	s, _ := scenarios.ByName("sync")
	topology, err := Start(t.Context(), s, e, World{World: scenarios.World{Env: envOf(), Prefix: "run"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := topology.Close(); err != nil {
			t.Error(err)
		}
	})
	return topology
}

// Whoever reaches a port on this machine is not the driver: without what is made for
// the run they write to no owner, and control nothing.
func TestOnlyTheDriverWritesAndControls(t *testing.T) {
	topology := inThisProcess(t)
	stranger := fakesvc.Env{Dial: topology.Env.Dial}
	guessing := stranger
	guessing.Writer, guessing.Access.Token = "guess", topology.Env.Writer
	for _, c := range []struct {
		who     string
		env     fakesvc.Env
		write   codes.Code
		control codes.Code
	}{
		{"a stranger", stranger, codes.PermissionDenied, codes.Unauthenticated},
		{"one who guesses", guessing, codes.PermissionDenied, codes.Unauthenticated},
		{"the driver", topology.Env, codes.OK, codes.OK},
	} {
		owner, err := fakesvc.Dial(c.env, "A", topology.Env.Address("A"))
		if err != nil {
			t.Fatal(err)
		}
		r := record.Record{Key: 1, Version: 2, Payload: record.Payload("A", 1, 2, 100)}
		if err := owner.Write(t.Context(), 1, r); status.Code(err) != c.write {
			t.Errorf("%s writes: %v", c.who, err)
		}
		answer, err := owner.Query(fakesvc.WithRequest(t.Context(), fakesvc.Request{ID: 1}), 1)
		if want := map[codes.Code]uint64{codes.OK: 2}[c.write]; err != nil || answer[0].Version != max(want, 1) {
			t.Errorf("%s has written: A answers %v, %v", c.who, answer, err)
		}
		control, err := fakesvc.DialControl(c.env, topology.Controls[0].Address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := control.Statistics(t.Context(), false); status.Code(err) != c.control {
			t.Errorf("%s controls: %v", c.who, err)
		}
		owner.Close()
		control.Close()
	}
}
