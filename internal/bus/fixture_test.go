package bus

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// virtual runs test in a bubble, against a broker on a virtual network. The
// bubble fails if a goroutine is left when everything is closed.
func virtual(t *testing.T, test func(t *testing.T, b *Broker, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		b, err := StartBroker(network.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		c, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		test(t, b, c)
	})
}

func create(t testing.TB, c *Client, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := c.EnsureTopics(t.Context(), Topic{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
}

// query is a valid event that is told from others by number.
func query(topic string, number int64) Outgoing {
	return Outgoing{topic, Event{ID: fmt.Sprint(number), Type: "UserQuery", Source: "/test", Request: number}}
}

func publish(t testing.TB, p *Publisher, events ...Outgoing) {
	t.Helper()
	if err := p.Publish(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// read returns the next n deliveries, which must be exactly there.
func read(t testing.TB, s *Subscription, n int) []Delivery {
	t.Helper()
	var all []Delivery
	for len(all) < n {
		got, err := s.Next(t.Context())
		if err != nil {
			t.Fatalf("after %d of %d deliveries: %v", len(all), n, err)
		}
		all = append(all, got...)
	}
	if len(all) != n {
		t.Fatalf("got %d deliveries, want %d", len(all), n)
	}
	for _, d := range all {
		if d.Err != nil {
			t.Fatalf("offset %d: %v", d.Offset, d.Err)
		}
	}
	return all
}

// numbers returns the request numbers of deliveries.
func numbers(deliveries []Delivery) []int64 {
	out := make([]int64, len(deliveries))
	for i, d := range deliveries {
		out[i] = d.Event.Request
	}
	return out
}

// silent fails if anything is delivered within a second.
func silent(t *testing.T, s *Subscription) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if got, err := s.Next(ctx); err == nil {
		t.Fatalf("unexpected: %+v", got)
	}
}

// countProduces counts the produce requests that reach the broker.
func countProduces(b *Broker) *atomic.Int64 {
	var n atomic.Int64
	b.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		n.Add(1)
		return nil, nil, false
	})
	return &n
}

// scratch returns an empty folder, in memory where that is easy: the broker syncs its
// files when it ends, which thousands of times takes minutes on a disk.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "crosstalk")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// clone copies a folder. What a process has written is in its files, whenever it ends.
func clone(t *testing.T, from string) (to string) {
	t.Helper()
	to = scratch(t)
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// files returns the sizes of what a partition's folder has, by name.
func files(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	sizes := make(map[string]int64)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		sizes[e.Name()] = info.Size()
	}
	return sizes
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
