package bus

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The acknowledgement of a query and the delivery of its reply, on each bus its own.
func TestRoundTrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		listen := ported(&network)
		var clients []*Client
		for _, wait := range []time.Duration{3 * time.Millisecond, 0} {
			b, err := StartBroker(listen)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			c, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.DialContext})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			b.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
				b.cluster.KeepControl()
				b.cluster.SleepControl(func() { time.Sleep(wait) })
				return nil, nil, false
			})
			clients = append(clients, c)
		}
		took, err := RoundTrips(t.Context(), "run", 10, clients...)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Duration{6 * time.Millisecond, 0} {
			if len(took[i]) != 10 || slices.Min(took[i]) != want || slices.Max(took[i]) != want {
				t.Errorf("bus %d: %v, want %v each", i, took[i], want)
			}
		}
		for _, c := range clients {
			if err := c.DeletePrefix(t.Context(), "run."); err != nil {
				t.Error(err)
			}
			if left, err := c.Topics(t.Context()); err != nil || len(left) != 0 {
				t.Errorf("%q are left, %v", left, err)
			}
		}
	})
}
