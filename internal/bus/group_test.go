package bus

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"
)

// participant is a member that reads nothing, and gives back promptly what it is asked for.
type participant struct {
	member *Member
	got    chan *Assignment // the latest; closed when the member has left
	leave  context.CancelFunc
}

func join(t *testing.T, c *Client, topic, group string) *participant {
	t.Helper()
	m, err := c.Join(topic, group)
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	r := &participant{member: m, got: make(chan *Assignment, 1), leave: leave}
	go func() {
		defer close(r.got)
		defer m.Leave(context.Background())
		for {
			a, err := m.Next(ctx)
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			select {
			case <-r.got: // that is out of date
			default:
			}
			r.got <- a
			select {
			case <-a.Holds().Done():
			case <-ctx.Done():
			}
			a.Release()
		}
	}()
	return r
}

// quit leaves the group and returns when that is done.
func (r *participant) quit() {
	r.leave()
	for range r.got {
	}
}

// settle waits for a while, and returns what each has been dealt last.
func settle(t *testing.T, readers ...*participant) []*Assignment {
	t.Helper()
	time.Sleep(rebalanceTimeout)
	var all []*Assignment
	for _, r := range readers {
		a := <-r.got
		if a.Holds().Err() != nil {
			t.Fatal("the group has not settled")
		}
		all = append(all, a)
	}
	return all
}

func TestGroupDealsOutPartitions(t *testing.T) {
	const partitions = 4
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		if err := c.EnsureTopics(t.Context(), Topic{Name: "a", Partitions: partitions}); err != nil {
			t.Fatal(err)
		}
		p := c.NewPublisher()
		defer p.Close()
		for key := range uint32(40) {
			publish(t, p, keyed("a", key, int64(key)))
		}
		end, err := c.End(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		one := join(t, c, "a", "group")
		first := settle(t, one)[0]
		if got := first.From(); !maps.Equal(got, map[int]Position{0: {}, 1: {}, 2: {}, 3: {}}) {
			t.Fatalf("a single member reads %v", got)
		}
		s := first.Subscribe()
		read(t, s, 40)
		s.Close()
		half := positions(end)
		half[2] = Position{Next: end[2] - 1}
		if err := first.Commit(half); err != nil {
			t.Fatal(err)
		}

		two := join(t, c, "a", "group")
		both := settle(t, one, two)
		shared := both[0].From()
		maps.Copy(shared, both[1].From())
		if !maps.Equal(shared, half) || len(both[0].From()) != partitions/2 {
			t.Errorf("two members read %v and %v, want a half of %v each", both[0].From(), both[1].From(), half)
		}
		if first.Holds().Err() == nil || first.Commit(half) == nil {
			t.Error("a member has committed what it had to give back")
		}

		// One that leaves is not waited for: the others learn of it with their next heartbeat.
		start := time.Now()
		two.quit()
		all := <-one.got
		if took := time.Since(start); took > 2*heartbeatInterval || !maps.Equal(all.From(), half) {
			t.Errorf("%v after one left, the other reads %v", took, all.From())
		}
		rest := all.Subscribe()
		if d := read(t, rest, 1)[0]; d.Partition != 2 || d.Offset != half[2].Next {
			t.Errorf("what was not committed came as %+v", d)
		}
		rest.Close()
		one.quit()
	})
}

// More members than partitions: one of them waits, and reads when another leaves.
func TestGroupWithAnIdleMember(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		readers := []*participant{join(t, c, "a", "g"), join(t, c, "a", "g")}
		both := settle(t, readers...)
		idle := slices.IndexFunc(both, func(a *Assignment) bool { return len(a.From()) == 0 })
		if idle < 0 || len(both[1-idle].From()) != 1 {
			t.Fatalf("two members read %v and %v of one partition", both[0].From(), both[1].From())
		}
		p := c.NewPublisher()
		defer p.Close()
		publish(t, p, keyed("a", 1, 1)) // which is the other's to read
		s := both[idle].Subscribe()
		silent(t, s)
		s.Close()
		readers[1-idle].quit()
		if last := settle(t, readers[idle])[0]; len(last.From()) != 1 {
			t.Errorf("the last member reads %v", last.From())
		}
		readers[idle].quit()
	})
}

// A bus that is away delays joining, and keeps nobody from giving up or leaving.
func TestGroupWithoutABroker(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		m, err := c.Join("a", "g")
		if err != nil {
			t.Fatal(err)
		}
		first, err := m.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		first.Release()
		b.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := m.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("joining without a broker: %v", err)
		}
		start := time.Now()
		leaving, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		m.Leave(leaving)
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("leaving without a broker took %v", took)
		}
		if _, err := m.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Leave: %v", err)
		}
	})
}
