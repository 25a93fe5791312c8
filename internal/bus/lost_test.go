package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// unreachable has test do something while c has no network; near always has one.
func unreachable(t *testing.T, test func(t *testing.T, b *Broker, near, c *Client, while func(func()))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var network gate
		b, err := StartBroker(network.Listen)
		done(t, err)
		defer b.Close()
		near, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.DialContext})
		done(t, err)
		defer near.Close()
		c, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.dial})
		done(t, err)
		defer c.Close()
		test(t, b, near, c, func(do func()) {
			network.set(true)
			time.Sleep(time.Second)
			do()
			network.set(false)
		})
	})
}

// A reader of a log that has lost what it had acknowledged is told, once, and begins
// anew: where the log is shorter than what was read, and where it has grown past that
// with other events.
func TestLostLog(t *testing.T) {
	for rewritten := range int64(9) {
		unreachable(t, func(t *testing.T, b *Broker, near, c *Client, while func(func())) {
			create(t, c, "a")
			s, p := c.Subscribe("a", nil), near.NewPublisher()
			defer s.Close()
			defer p.Close()
			for i := range int64(5) {
				publish(t, p, query("a", i))
			}
			read(t, s, 5)
			while(func() {
				done(t, b.cluster.DeleteTopic("a"))
				done(t, b.cluster.CreateTopic("a", 1, nil))
				done(t, near.Await(t.Context(), "a"))
				for i := range rewritten {
					publish(t, p, query("a", 100+i))
				}
			})
			soon, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			got, err := s.Next(soon)
			done(t, err)
			if len(got) != 1 || !errors.Is(got[0].Err, ErrLost) || got[0].Offset != 0 {
				t.Fatalf("%d events anew: first comes %+v, want ErrLost", rewritten, got)
			}
			publish(t, p, query("a", 100+rewritten))
			want := []int64{100}
			for i := range rewritten {
				want = append(want, 101+i)
			}
			if got := numbers(read(t, s, int(rewritten)+1)); !slices.Equal(got, want) {
				t.Errorf("%d events anew: %v came, want %v", rewritten, got, want)
			}
			silent(t, s)
		})
	}
}

// A position from before the process started is all that is known then.
func TestLostLogAtTheStart(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		defer p.Close()
		publish(t, p, query("a", 0), query("a", 1))
		s := c.Subscribe("a", map[int]int64{0: 3})
		defer s.Close()
		soon, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got, err := s.Next(soon)
		done(t, err)
		want := "the log has lost events that it had acknowledged: it ends at offset 2, and was read to 3"
		if len(got) != 1 || fmt.Sprint(got[0].Err) != want {
			t.Fatalf("it begins with %+v, want %q", got, want)
		}
		if got := numbers(read(t, s, 2)); !slices.Equal(got, []int64{0, 1}) {
			t.Errorf("then comes %v", got)
		}
	})
}

// A log that was only compacted has lost nothing: not where the last event that was
// read is outdated, and not where it is there in a batch that was written anew.
func TestCompactedIsNotLost(t *testing.T) {
	for again := range int64(8) {
		unreachable(t, func(t *testing.T, b *Broker, near, c *Client, while func(func())) {
			done(t, c.EnsureTopics(t.Context(), Topic{Name: small, Compact: true}))
			s, p := c.Subscribe(small, nil), near.NewPublisher()
			defer s.Close()
			defer p.Close()
			publish(t, p, change(0), change(1), change(2), change(3), change(4))
			publish(t, p, change(5), change(6), change(7))
			read(t, s, 8)
			var want []int64
			while(func() {
				for i := range again {
					publish(t, p, change(8+i))
					want = append(want, 8+i)
				}
				b.cluster.Compact()
			})
			publish(t, p, change(16))
			want = append(want, 16)
			// What is outdated may be gone: the first two of seven and more.
			got := numbers(read(t, s, len(want)-max(0, int(again)-6)))
			if !slices.Equal(got, want[len(want)-len(got):]) {
				t.Errorf("after %d: %v came, want %v", again, got, want)
			}
		})
	}
}
