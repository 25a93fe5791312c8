package bus

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var errDown = errors.New("the network is down")

// gate is a network that can be taken down and up.
type gate struct {
	kfake.VirtualNetwork
	mu   sync.Mutex
	down bool
	open []net.Conn
}

func (g *gate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := g.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down {
		conn.Close()
		return nil, errDown
	}
	g.open = append(g.open, conn)
	return conn, nil
}

func (g *gate) set(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
	if down {
		for _, conn := range g.open {
			conn.Close()
		}
		g.open = nil
	}
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network gate
		b, err := StartBroker(network.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		near, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		c, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.dial})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		create(t, c, "a")
		s, p, other := c.Subscribe("a", nil), c.NewPublisher(), near.NewPublisher()
		defer s.Close()
		defer p.Close()
		defer other.Close()
		publish(t, p, query("a", 0))
		read(t, s, 1)

		network.set(true)
		publish(t, other, query("a", 1)) // while s is cut off
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errDown) {
			t.Errorf("Next in the outage: %v, want the deadline and the reason", err)
		}
		start := time.Now()
		if err := p.Publish(t.Context(), query("a", -1)); !errors.Is(err, errDown) || !strings.Contains(err.Error(), "given up after 10s") {
			t.Errorf("Publish in the outage: %v", err)
		}
		if took := time.Since(start); took != publishPatience {
			t.Errorf("Publish gave up after %v", took)
		}
		time.Sleep(time.Hour)

		published := make(chan error)
		go func() { published <- p.Publish(t.Context(), query("a", 2)) }()
		time.Sleep(2 * time.Second)
		network.set(false)
		start = time.Now()
		got := read(t, s, 1)
		if took := time.Since(start); took > longestPause {
			t.Errorf("reading went on %v after the outage, want at most %v", took, longestPause)
		}
		if err := <-published; err != nil {
			t.Errorf("Publish across the end of the outage: %v", err)
		}
		got = append(got, read(t, s, 1)...)
		for i, d := range got {
			if d.Offset != int64(i+1) || d.Event.Request != int64(i+1) {
				t.Errorf("after the outage %d came at offset %d, want %d", d.Event.Request, d.Offset, i+1)
			}
		}
		silent(t, s)
	})
}

// ported gives each listener a port of its own, which a VirtualNetwork does not.
func ported(network *kfake.VirtualNetwork) func(string, string) (net.Listener, error) {
	next := 9091
	return func(string, string) (net.Listener, error) {
		next++
		return network.Listen("tcp", net.JoinHostPort("127.0.0.1", []string{"9092", "9093", "9094"}[next-9092]))
	}
}

func TestSeveralLeadersAndLeaderMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		b, err := StartBroker(ported(&network))
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		node, _, err := b.cluster.AddNode(1, 0)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		create(t, c, "a", "b")
		move := func(topic string, to int32) {
			t.Helper()
			if err := b.cluster.MoveTopicPartition(topic, 0, to); err != nil {
				t.Fatal(err)
			}
		}
		move("a", 0)
		move("b", 0)
		a, other, p := c.Subscribe("a", nil), c.Subscribe("b", nil), c.NewPublisher()
		defer a.Close()
		defer other.Close()
		defer p.Close()
		publish(t, p, query("a", 0), query("b", 0))
		read(t, a, 1)
		read(t, other, 1)

		move("b", node)
		for i := int64(1); i < 4; i++ {
			start := time.Now()
			publish(t, p, query("a", i), query("b", i))
			if took, want := time.Since(start), map[int64]time.Duration{1: firstPause}[i]; took != want {
				t.Errorf("publication %d took %v, want %v", i, took, want)
			}
			for _, s := range []*Subscription{a, other} {
				if d := read(t, s, 1)[0]; d.Offset != i || d.Event.Request != i {
					t.Errorf("%s: %d came as %d at offset %d", s.topic, i, d.Event.Request, d.Offset)
				}
			}
		}
		silent(t, a)
		silent(t, other)

		produces := countProduces(b)
		publish(t, p, query("a", 4), query("b", 4), query("a", 5), query("b", 5))
		if n := produces.Load(); n != 2 {
			t.Errorf("%d produce requests for two leaders, want 2", n)
		}
	})
}

func TestRefusedFetchEndsTheSubscription(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		s := c.Subscribe("a", nil)
		b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: kerr.TopicAuthorizationFailed, Count: -1})
		for range 2 {
			if _, err := s.Next(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "bus: reading a: [29] Topic Authorization Failed") {
				t.Errorf("Next: %v", err)
			}
		}
		s.Close()
	})
}

func TestFetchFaultsAreWaitedOut(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		defer p.Close()
		publish(t, p, query("a", 0), query("a", 1))
		for _, fault := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.UnknownTopicOrPartition, kerr.OffsetOutOfRange, kerr.KafkaStorageError} {
			synctest.Wait() // so that the last subscription's last fetch does not take the fault
			b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "a", Err: fault})
			start := time.Now()
			s := c.Subscribe("a", nil)
			if got := numbers(read(t, s, 2)); got[0] != 0 || got[1] != 1 {
				t.Errorf("%v: got %v", fault, got)
			}
			if took := time.Since(start); took != firstPause {
				t.Errorf("%v: took %v, want %v", fault, took, firstPause)
			}
			s.Close()
		}
	})
}
