package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/segmentio/kafka-go"
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
				rewrite(t, b, near, p, rewritten)
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

// A reader that starts with the position of another one is told of the same.
func TestLostLogWhileNobodyReads(t *testing.T) {
	for rewritten := range int64(9) {
		virtual(t, func(t *testing.T, b *Broker, c *Client) {
			create(t, c, "a")
			p := c.NewPublisher()
			defer p.Close()
			for i := range int64(5) {
				publish(t, p, query("a", i))
			}
			s := c.Subscribe("a", nil)
			last := read(t, s, 5)[4]
			s.Close()
			rewrite(t, b, c, p, rewritten)
			s = c.Subscribe("a", map[int]Position{0: last.After})
			defer s.Close()
			soon, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			got, err := s.Next(soon)
			done(t, err)
			if len(got) != 1 || !errors.Is(got[0].Err, ErrLost) || got[0].After != (Position{}) {
				t.Fatalf("%d events anew: first comes %+v, want ErrLost", rewritten, got)
			}
			for i, n := range numbers(read(t, s, int(rewritten))) {
				if n != 100+int64(i) {
					t.Errorf("%d events anew: event %d comes as number %d", rewritten, n, i)
				}
			}
			silent(t, s)
		})
	}
}

// rewrite has a topic begin anew, with so many events from number 100 on.
func rewrite(t *testing.T, b *Broker, c *Client, p *Publisher, events int64) {
	t.Helper()
	done(t, b.cluster.DeleteTopic("a"))
	done(t, b.cluster.CreateTopic("a", 1, nil))
	done(t, c.Await(t.Context(), "a"))
	for i := range events {
		publish(t, p, query("a", 100+i))
	}
}

// Whatever was read last, a reader goes on after it in a log that has lost nothing.
func TestPositionOfEachEvent(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		defer p.Close()
		publish(t, p, query("a", 0), query("a", 1), query("a", 2))
		publish(t, p, query("a", 3), query("a", 4))
		s := c.Subscribe("a", nil)
		defer s.Close()
		sums := make(map[uint64]bool)
		for i, d := range read(t, s, 5) {
			if d.After.Next != int64(i)+1 || d.After.Sum == 0 || sums[d.After.Sum] {
				t.Errorf("event %d: position %+v", i, d.After)
			}
			sums[d.After.Sum] = true
			rest := c.Subscribe("a", map[int]Position{0: d.After})
			for n, number := range numbers(read(t, rest, 4-i)) {
				if number != int64(i+1+n) {
					t.Errorf("after event %d comes number %d", i, number)
				}
			}
			silent(t, rest)
			rest.Close()
		}
	})
}

// The sum is of all parts of an event, told from one another, and the same for ever: it is
// the XXH64 of what is written here.
func TestSumOf(t *testing.T) {
	whole := func(change func(m *kafka.Message)) kafka.Message {
		m := kafka.Message{Offset: 9, Time: time.UnixMilli(1), Key: []byte("k"), Value: []byte("value"),
			Headers: []kafka.Header{{Key: "a", Value: []byte("b")}}}
		change(&m)
		return m
	}
	bytes := "\x01\x00\x00\x00\x00\x00\x00\x00" + "\x01\x00\x00\x00\x00\x00\x00\x00k" +
		"\x01\x00\x00\x00\x00\x00\x00\x00a" + "\x01\x00\x00\x00\x00\x00\x00\x00b" + "\x05\x00\x00\x00\x00\x00\x00\x00value"
	same := whole(func(*kafka.Message) {})
	if got, want := sumOf(&same), xxhash.Sum64String(bytes); got != want {
		t.Errorf("%x, want %x", got, want)
	}
	if got, want := xxhash.Sum64String("a"), uint64(0xd24ec4f1a98c6e5b); got != want { // of its specification's tests
		t.Errorf("XXH64 of a is %x, want %x", got, want)
	}
	for name, change := range map[string]func(m *kafka.Message){
		"time": func(m *kafka.Message) { m.Time = time.UnixMilli(2) }, "key": func(m *kafka.Message) { m.Key = []byte("l") },
		"value":          func(m *kafka.Message) { m.Value[4]++ },
		"where it ends":  func(m *kafka.Message) { m.Key, m.Value = []byte("kv"), []byte("alue") },
		"header's name":  func(m *kafka.Message) { m.Headers[0].Key = "c" },
		"header's value": func(m *kafka.Message) { m.Headers[0].Value = []byte("c") },
		"no header":      func(m *kafka.Message) { m.Headers = nil },
	} {
		if m := whole(change); sumOf(&m) == sumOf(&same) {
			t.Errorf("another %s has the same sum", name)
		}
	}
	if m := whole(func(m *kafka.Message) { m.Offset = 8 }); sumOf(&m) != sumOf(&same) {
		t.Error("the sum depends on the offset, which a position has")
	}
}

// BenchmarkSum is beside BenchmarkDecode, which each event takes too.
func BenchmarkSum(b *testing.B) {
	m := received(b)
	for b.Loop() {
		sumOf(&m)
	}
}

func BenchmarkDecode(b *testing.B) {
	m := received(b)
	for b.Loop() {
		if _, err := decode(m.Headers, m.Key, m.Value); err != nil {
			b.Fatal(err)
		}
	}
}

// received is an event as a change is.
func received(b *testing.B) kafka.Message {
	e := Event{ID: "A-12345-3", Type: "UserUpdated", Source: "/crosstalk/A", Time: time.Unix(1, 2), Request: 12345,
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Key: make([]byte, 8), Data: make([]byte, 200)}
	headers, err := encode(&e)
	if err != nil {
		b.Fatal(err)
	}
	return kafka.Message{Time: e.Time, Key: e.Key, Value: e.Data, Headers: headers}
}

// An offset from before the process started is all that is known then.
func TestLostLogAtTheStart(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		defer p.Close()
		publish(t, p, query("a", 0), query("a", 1))
		s := c.Subscribe("a", map[int]Position{0: {Next: 3}})
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
// read is outdated, and not where it is there in a batch that was written anew. That holds
// for a reader that is away meanwhile, and for one that goes on where it was.
func TestCompactedIsNotLost(t *testing.T) {
	for n := range int64(16) {
		again, restarted := n/2, n%2 == 1
		unreachable(t, func(t *testing.T, b *Broker, near, c *Client, while func(func())) {
			done(t, c.EnsureTopics(t.Context(), Topic{Name: small, Compact: true}))
			s, p := c.Subscribe(small, nil), near.NewPublisher()
			defer func() { s.Close() }()
			defer p.Close()
			publish(t, p, change(0), change(1), change(2), change(3), change(4))
			publish(t, p, change(5), change(6), change(7))
			last := read(t, s, 8)[7]
			if restarted {
				s.Close()
			}
			var want []int64
			while(func() {
				for i := range again {
					publish(t, p, change(8+i))
					want = append(want, 8+i)
				}
				b.cluster.Compact()
			})
			if restarted {
				s = c.Subscribe(small, map[int]Position{0: last.After})
			}
			publish(t, p, change(16))
			want = append(want, 16)
			// What is outdated may be gone: the first two of seven and more.
			got := numbers(read(t, s, len(want)-max(0, int(again)-6)))
			if !slices.Equal(got, want[len(want)-len(got):]) {
				t.Errorf("after %d, restarted %v: %v came, want %v", again, restarted, got, want)
			}
		})
	}
}
