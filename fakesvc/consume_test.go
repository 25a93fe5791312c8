package fakesvc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
)

const topic = "test.A.queries"

// readers are copies of one service that read a topic, under a fake clock.
type readers struct {
	*testing.T
	env   Env
	hosts []*Host

	mu  sync.Mutex
	got map[int64][]int // by event, the copies that have handled it
}

// inCopies runs test with so many copies of A, whose handler takes work.
func inCopies(t *testing.T, copies, partitions int, groups bool, faults string, handler Handler, test func(r *readers)) {
	t.Helper()
	var asked fault.Faults
	if err := asked.UnmarshalText([]byte(faults)); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		broker, err := bus.StartBroker(network.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer broker.Close()
		cluster := bus.Config{Addresses: broker.Addresses(), Dial: network.Dial}
		client, err := bus.Open(t.Context(), cluster)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.EnsureTopics(t.Context(), bus.Topic{Name: topic, Partitions: partitions}); err != nil {
			t.Fatal(err)
		}
		r := &readers{T: t, got: make(map[int64][]int), env: Env{
			Listen: network.Listen, Dial: network.Dial, Bus: client, Cluster: cluster, Prefix: "test", Groups: groups,
		}}
		failed := make(chan error, 1)
		for i := range copies {
			db, err := store.Open(t.Context(), store.Spec{Kind: store.Memory}, store.Place{}, "A")
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			host, err := NewHost(t.Context(), r.env, HostConfig{Services: []string{"A"}, Address: "127.0.0.1:0", Store: db, Faults: asked}, failed)
			if err != nil {
				t.Fatal(err)
			}
			defer host.Close()
			handler := handler
			handler.Handle = func(_ context.Context, batch []bus.Delivery) error { r.handle(i, batch); return nil }
			host.Run(host.Consume(topic, handler))
			r.hosts = append(r.hosts, host)
			host.Start()
		}
		for _, host := range r.hosts {
			if err := host.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		test(r)
		select {
		case err := <-failed:
			t.Errorf("a part failed: %v", err)
		default:
		}
	})
}

func (r *readers) handle(copy int, batch []bus.Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range batch {
		r.got[d.Event.Request] = append(r.got[d.Event.Request], copy)
	}
}

// publish publishes the events from one number to another, each with a key of its own.
func (r *readers) publish(from, to int64) {
	r.Helper()
	var events []bus.Outgoing
	for n := from; n < to; n++ {
		events = append(events, bus.Outgoing{Topic: topic, Event: bus.Event{
			ID: fmt.Sprint(n), Type: "UserQuery", Source: SourceOf("D"), Request: n, Key: binary.BigEndian.AppendUint64(nil, uint64(n)),
		}})
	}
	if err := r.hosts[0].publisher.Publish(r.Context(), events...); err != nil {
		r.Fatal(err)
	}
}

// handled returns how many events each copy has handled, after a while; each of the
// events from one number to another must have been so often.
func (r *readers) handled(from, to int64, times int) map[int]int {
	r.Helper()
	time.Sleep(time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	by := make(map[int]int)
	for n := from; n < to; n++ {
		if len(r.got[n]) != times {
			r.Errorf("event %d was handled by the copies %v, want %d times", n, r.got[n], times)
		}
		for _, copy := range r.got[n] {
			by[copy]++
		}
	}
	return by
}

func TestCopiesShareAGroup(t *testing.T) {
	inCopies(t, 2, 4, true, "", Handler{Shared: true}, func(r *readers) {
		time.Sleep(10 * time.Second) // for the group to settle
		r.publish(0, 40)
		if by := r.handled(0, 40, 1); len(by) != 2 {
			r.Errorf("handled by %v, want by both", by)
		}
		r.hosts[1].leave()
		time.Sleep(time.Second) // a heartbeat, and not a session
		r.publish(40, 80)
		if by := r.handled(40, 80, 1); by[0] != 40 {
			r.Errorf("handled by %v, want by the one that is left", by)
		}
		r.handled(0, 40, 1) // and not again
	})
}

func TestEachCopyReadsWhatIsNotShared(t *testing.T) {
	for name, c := range map[string]struct{ groups, shared bool }{
		"not shared": {groups: true}, "no groups": {shared: true},
	} {
		t.Run(name, func(t *testing.T) {
			inCopies(t, 2, 3, c.groups, "", Handler{Shared: c.shared}, func(r *readers) {
				r.publish(0, 20)
				if by := r.handled(0, 20, 2); !maps.Equal(by, map[int]int{0: 20, 1: 20}) {
					r.Errorf("handled by %v, want all by both", by)
				}
			})
		})
	}
}

// A copy whose process goes away leaves the group, and takes its share again when
// it is back.
func TestOutageOfACopy(t *testing.T) {
	inCopies(t, 1, 2, true, "A:outage@10s+5s", Handler{Shared: true}, func(r *readers) {
		r.publish(0, 10)
		r.handled(0, 10, 1)
		r.hosts[0].begun <- time.Now()
		time.Sleep(12 * time.Second)
		r.publish(10, 20)
		r.handled(10, 20, 0)
		time.Sleep(5 * time.Second)
		r.handled(0, 20, 1)
	})
}

// A rebalance takes the partitions away without a last commit: what came since the
// last one comes again.
func TestRebalanceOfAGroup(t *testing.T) {
	inCopies(t, 1, 2, true, "bus:rebalance@10500ms+2s", Handler{Shared: true}, func(r *readers) {
		r.publish(0, 10)
		r.hosts[0].begun <- time.Now()
		time.Sleep(10300 * time.Millisecond)
		r.publish(10, 20) // after the commit of second 10
		time.Sleep(time.Second)
		r.publish(20, 30)
		r.handled(20, 30, 0)
		time.Sleep(3 * time.Second)
		r.handled(0, 10, 1)
		r.handled(10, 20, 2)
		r.handled(20, 30, 1)
	})
}

func TestFromWhereAConsumerBegins(t *testing.T) {
	at := map[int]bus.Position{}
	from := func(context.Context) (map[int]bus.Position, error) { return at, nil }
	inCopies(t, 1, 1, false, "A:outage@5s+1s", Handler{From: from}, func(r *readers) {
		r.publish(0, 10)
		r.handled(0, 10, 1)
		at[0] = bus.Position{Next: 6} // what it has kept
		r.hosts[0].begun <- time.Now()
		time.Sleep(7 * time.Second)
		r.handled(0, 6, 1)
		r.handled(6, 10, 2)
	})
	inCopies(t, 1, 1, false, "", Handler{From: func(context.Context) (map[int]bus.Position, error) { return nil, nil }}, func(r *readers) {
		c := &consumer{host: r.hosts[0], topic: topic, handler: Handler{From: func(context.Context) (map[int]bus.Position, error) {
			return nil, errors.New("the database is locked")
		}}}
		if err := c.run(r.Context()); err == nil || err.Error() != "where to begin in topic test.A.queries: the database is locked" {
			r.Error(err)
		}
	})
}
