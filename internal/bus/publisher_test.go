package bus

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// hold makes the broker sit on the next produce request.
func hold(b *Broker, d time.Duration) {
	b.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.DropControl()
		b.cluster.SleepControl(func() { time.Sleep(d) })
		return nil, nil, false
	})
}

func TestGroupCommit(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a", "b")
		var requests [][]string // the topics of each produce request
		b.cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
			var topics []string
			for _, topic := range r.(*kmsg.ProduceRequest).Topics {
				topics = append(topics, topic.Topic)
			}
			slices.Sort(topics)
			requests = append(requests, topics)
			return nil, nil, false
		})
		hold(b, 50*time.Millisecond)
		p := c.NewPublisher()
		start := time.Now()
		var group sync.WaitGroup
		group.Go(func() { publish(t, p, query("a", 0)) })
		synctest.Wait() // the first request is in flight
		for i := range int64(100) {
			group.Go(func() { publish(t, p, query([]string{"a", "b"}[i%2], i)) })
		}
		group.Wait()
		if took := time.Since(start); took != 50*time.Millisecond {
			t.Errorf("all took %v, want the 50 ms that the first was held", took)
		}
		p.Close()
		if len(requests) != 2 || !slices.Equal(requests[0], []string{"a"}) || !slices.Equal(requests[1], []string{"a", "b"}) {
			t.Errorf("the topics of the produce requests: %v, want [a] and [a b]", requests)
		}
		if n := p.Published(); n != 101 {
			t.Errorf("Published = %d, want 101", n)
		}
	})
}

// The needs of a request are asked for at the same time: none of them may go out
// alone, and have the others wait until it is acknowledged. On one processor it is
// the scheduler's order alone that decides, but where it interrupts a round.
func TestWhatIsPublishedAtTheSameTimeGoesTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a", "b", "c")
		produces := countProduces(b)
		p := c.NewPublisher()
		defer p.Close()
		const rounds = 100
		for n := range int64(rounds) {
			synctest.Wait() // the publisher waits
			var needs sync.WaitGroup
			for _, topic := range []string{"a", "b", "c"} {
				needs.Go(func() { publish(t, p, query(topic, n)) })
			}
			needs.Wait()
		}
		if n := produces.Load(); n > rounds*11/10 {
			t.Errorf("%d produce requests for %d times three events, want one for each", n, rounds)
		}
	})
}

// What is gathered may exceed the 1 MB that a broker takes at once.
func TestLargeBacklogIsSplit(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		produces := countProduces(b)
		events := make([]Outgoing, 40)
		for i := range events {
			events[i] = query("a", int64(i))
			events[i].Event.Data = bytes.Repeat([]byte{byte(i)}, 100<<10)
		}
		p := c.NewPublisher()
		defer p.Close()
		publish(t, p, events...)
		if n := produces.Load(); n != 6 { // 7 of 100 KiB fit into 768 KiB
			t.Errorf("%d produce requests, want 6", n)
		}
		s := c.Subscribe("a", nil)
		defer s.Close()
		for i, d := range read(t, s, len(events)) {
			if !bytes.Equal(d.Event.Data, events[i].Event.Data) {
				t.Fatalf("event %d came with other data", i)
			}
		}
		events[0].Event.Data = make([]byte, maxBatch+1)
		if err := p.Publish(t.Context(), events[0]); !errors.Is(err, kafka.MessageSizeTooLarge) {
			t.Errorf("an event above the limit of the topic: %v", err)
		}
	})
}

func TestPublishRetries(t *testing.T) {
	produceKey := []kmsg.Key{kmsg.Produce}
	cut := func(b *Broker) {
		b.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
			return nil, errors.New("cut"), true
		})
	}
	tests := []struct {
		name   string
		fault  func(b *Broker)
		took   time.Duration // the pauses: 5 ms, 10 ms
		copies int
	}{
		{"no fault", func(*Broker) {}, 0, 1},
		{"not the leader, twice", func(b *Broker) {
			b.cluster.Fault(kfake.Fault{Keys: produceKey, Topic: "a", Err: kerr.NotLeaderForPartition, Count: 2})
		}, 15 * time.Millisecond, 1},
		{"connection cut", cut, 5 * time.Millisecond, 1},
		{"connection cut, twice", func(b *Broker) { cut(b); cut(b) }, 15 * time.Millisecond, 1},
		{"applied, but answered with a timeout", func(b *Broker) {
			b.cluster.Fault(kfake.Fault{Keys: produceKey, Topic: "a", Err: kerr.RequestTimedOut})
		}, 5 * time.Millisecond, 2},
		{"held in mid-produce, then cut", func(b *Broker) {
			b.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
				b.cluster.SleepControl(func() { time.Sleep(30 * time.Millisecond) })
				return nil, errors.New("cut"), true
			})
		}, 35 * time.Millisecond, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			virtual(t, func(t *testing.T, b *Broker, c *Client) {
				create(t, c, "a", "b")
				a, other := c.Subscribe("a", nil), c.Subscribe("b", nil)
				defer a.Close()
				defer other.Close()
				p := c.NewPublisher()
				defer p.Close()
				time.Sleep(time.Minute)
				test.fault(b)
				start := time.Now()
				publish(t, p, query("a", 1), query("b", 2))
				if took := time.Since(start); took != test.took {
					t.Errorf("Publish took %v, want %v", took, test.took)
				}
				read(t, a, test.copies)
				read(t, other, 1) // only what failed is sent again
				silent(t, a)
				silent(t, other)
				if n := p.Published(); n != 2 {
					t.Errorf("Published = %d, want 2", n)
				}
			})
		})
	}
}

func TestPublishGivesUp(t *testing.T) {
	tests := []struct {
		name, topic string
		fault       *kerr.Error
		want        error
		took        time.Duration
	}{
		// At the first attempt past the patience: 1 s, 10 s.
		{"unknown topic", "unknown", nil, kafka.UnknownTopicOrPartition, 1065 * time.Millisecond},
		{"never the leader", "a", kerr.NotLeaderForPartition, kafka.NotLeaderForPartition, 10 * time.Second},
		{"refused for good", "a", kerr.TopicAuthorizationFailed, kafka.TopicAuthorizationFailed, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			virtual(t, func(t *testing.T, b *Broker, c *Client) {
				create(t, c, "a", "b")
				if test.fault != nil {
					b.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "a", Err: test.fault, Count: -1})
				}
				p := c.NewPublisher()
				defer p.Close()
				start := time.Now()
				err := p.Publish(t.Context(), query("b", 1), query(test.topic, 2))
				if !errors.Is(err, test.want) || !strings.Contains(err.Error(), "publishing to "+test.topic+":") {
					t.Errorf("Publish: %v, want %v and the topic", err, test.want)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("Publish took %v, want %v", took, test.took)
				}
				if n := p.Published(); n != 1 {
					t.Errorf("Published = %d, want the other topic's 1", n)
				}
			})
		})
	}
}

func TestEndOfContextEndsTheWaitNotTheSending(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		hold(b, 50*time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := p.Publish(ctx, query("a", 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish: %v", err)
		}
		if took := time.Since(start); took != 20*time.Millisecond {
			t.Errorf("Publish took %v", took)
		}
		if err := p.Publish(ctx, query("a", 2)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish with an ended context: %v", err)
		}
		p.Close()
		if n := p.Published(); n != 1 {
			t.Errorf("Published = %d, want 1: the first was flushed, the second never queued", n)
		}
	})
}

func TestPublishRefusesWhatIsNoEvent(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		err := p.Publish(t.Context(), query("a", 1), Outgoing{"a", Event{ID: "2", Type: "T"}})
		if want := `bus: publishing to a: event "2" has no source`; err == nil || err.Error() != want {
			t.Errorf("Publish: %v, want %s", err, want)
		}
		p.Close()
		if n := p.Published(); n != 0 {
			t.Errorf("Published = %d, want 0: all or none", n)
		}
		if err := c.NewPublisher().Publish(t.Context()); err != nil {
			t.Errorf("no events: %v", err)
		}
	})
}
