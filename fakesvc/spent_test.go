package fakesvc

import (
	"testing"

	"crosstalk/internal/fault"
	"crosstalk/internal/simnet"
)

// The stage timings are those of the measured part: a query of the warm-up, whose number
// is negative, is in none.
func TestTheWarmUpIsInNoStage(t *testing.T) {
	var network simnet.Network
	host, err := NewHost(t.Context(), Env{Listen: network.Listen, Dial: network.Dial}, HostConfig{Services: []string{"D"}, Address: "127.0.0.1:0"}, make(chan error, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	node, err := host.AddNode(t.Context(), NodeConfig{Name: "D", Boundary: fault.NewBoundary("D", 1, nil)})
	if err != nil {
		t.Fatal(err)
	}
	for id := int64(-3); id < 2; id++ {
		if _, err := node.Query(WithRequest(t.Context(), Request{ID: id}), 0); err != nil {
			t.Fatal(err)
		}
	}
	if n := node.ledger.queries.Load(); n != 2 {
		t.Errorf("%d queries are in the stages, want the 2 of the measured part", n)
	}
}
