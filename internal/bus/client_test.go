package bus

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

// closedPort returns an address on loopback at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestOpenRefused(t *testing.T) {
	addresses := []string{closedPort(t), closedPort(t)}
	start := time.Now()
	_, err := Open(t.Context(), Config{Addresses: addresses})
	if err == nil {
		t.Fatal("Open succeeded")
	}
	if want := "bus: no Kafka broker answers at " + strings.Join(addresses, ", ") + ": dial tcp "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s…", err, want)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}
	if took := time.Since(start); took > openTimeout/2 {
		t.Errorf("a refusal took %v", took)
	}
}

func TestOpenFindsTheOneThatAnswers(t *testing.T) {
	b, err := StartBroker(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c, err := Open(t.Context(), Config{Addresses: []string{closedPort(t), b.Addresses()[0]}})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestOpenWithoutAddress(t *testing.T) {
	if _, err := Open(t.Context(), Config{}); err == nil || err.Error() != "bus: no Kafka address is given" {
		t.Errorf("got %v", err)
	}
}

func TestOpenSilentAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		l, err := network.Listen("tcp", "127.0.0.1:9092")
		if err != nil {
			t.Fatal(err)
		}
		go func() { // takes connections and never says a word
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
			}
		}()
		defer l.Close()
		start := time.Now()
		_, err = Open(t.Context(), Config{Addresses: []string{"127.0.0.1:9092"}, Dial: network.DialContext})
		if err == nil || !strings.HasPrefix(err.Error(), "bus: no Kafka broker answers at 127.0.0.1:9092: ") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > openTimeout {
			t.Errorf("took %v, want at most %v", took, openTimeout)
		}
	})
}

func TestTopics(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		if err := c.EnsureTopics(t.Context()); err != nil {
			t.Errorf("no topics: %v", err)
		}
		create(t, c, "a")
		start := time.Now()
		if err := c.EnsureTopics(t.Context(), Topic{Name: "new", Partitions: 3}, Topic{Name: "a"}); err != nil {
			t.Errorf("one that exists, and one that does not: %v", err)
		}
		if end, err := c.End(t.Context(), "new"); err != nil || len(end) != 3 {
			t.Errorf("new ends at %v, %v", end, err)
		}
		err := c.EnsureTopics(t.Context(), Topic{Name: "new", Partitions: 2}, Topic{Name: "beside"})
		if err == nil || err.Error() != "bus: topic new exists with 3 partitions, and 2 are asked for" {
			t.Errorf("another number of partitions: %v", err)
		}
		if info := b.cluster.PartitionInfos("beside"); len(info) != 1 {
			t.Errorf("the topic created beside it is %+v, want one partition", info)
		}
		if err := c.EnsureTopics(t.Context(), Topic{Name: "b", Retain: -1}); err == nil || !strings.Contains(err.Error(), "topic b") {
			t.Errorf("a negative retention: %v", err)
		}
		c.config.Replication = 3
		err = c.EnsureTopics(t.Context(), Topic{Name: "copied"})
		if !errors.Is(err, kafka.InvalidReplicationFactor) || !strings.HasPrefix(err.Error(), "bus: creating topic copied: ") {
			t.Errorf("three copies on one broker: %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("all that took %v, so something was tried again", took)
		}
	})
}

// What another process creates is waited for, for as long as ctx lasts.
func TestAwait(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.Await(ctx, "late"); !errors.Is(err, kafka.UnknownTopicOrPartition) || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		awaited := make(chan error)
		go func() { awaited <- c.Await(t.Context(), "late") }()
		time.Sleep(time.Minute)
		other, err := Open(t.Context(), Config{Addresses: b.Addresses(), Dial: c.config.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		create(t, other, "late")
		created := time.Now()
		if err := <-awaited; err != nil || time.Since(created) > longestPause {
			t.Errorf("%v, %v after the topic was there", err, time.Since(created))
		}
	})
}

// A client publishes to, and reads, a topic that another one has just made.
func TestTopicOfAnotherClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network kfake.VirtualNetwork
		b, err := StartBroker(network.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		var clients [2]*Client
		for i := range clients {
			if clients[i], err = Open(t.Context(), Config{Addresses: b.Addresses(), Dial: network.DialContext}); err != nil {
				t.Fatal(err)
			}
			defer clients[i].Close()
		}
		s := clients[1].Subscribe("a", nil) // before it exists
		defer s.Close()
		time.Sleep(time.Minute)
		create(t, clients[0], "a")
		p := clients[1].NewPublisher()
		defer p.Close()
		start := time.Now()
		publish(t, p, query("a", 1))
		if took := time.Since(start); took != firstPause {
			t.Errorf("Publish took %v, want %v for another look", took, firstPause)
		}
		read(t, s, 1)
		if took := time.Since(start); took > longestPause {
			t.Errorf("the subscription took %v, want at most %v", took, longestPause)
		}
	})
}

// The same over the real network.
func TestLoopback(t *testing.T) {
	b, err := StartBroker(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c, err := Open(t.Context(), Config{Addresses: b.Addresses()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	create(t, c, "queries", "results")
	stop := serve(t, c, 0)
	defer stop()
	results := c.Subscribe("results", nil)
	defer results.Close()
	p := c.NewPublisher()
	defer p.Close()
	var want []int64
	for i := range int64(100) {
		q := query("queries", i)
		q.Event.ReplyTo = "results"
		publish(t, p, q)
		want = append(want, i)
	}
	got := numbers(read(t, results, len(want)))
	slices.Sort(got) // the queries are worked on at the same time
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	for _, topic := range []string{"queries", "results"} {
		if end, err := c.End(t.Context(), topic); err != nil || end[0] != 100 {
			t.Errorf("End of %s = %v, %v", topic, end, err)
		}
	}
	start := time.Now()
	if err := results.Close(); err != nil || time.Since(start) > fetchWait/2 {
		t.Errorf("closing an idle subscription: %v after %v", err, time.Since(start))
	}
}

// One request at a time: both hops, both acknowledgements, 128 bytes each way.
func BenchmarkRequestReply(b *testing.B) {
	broker, err := StartBroker(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer broker.Close()
	c, err := Open(b.Context(), Config{Addresses: broker.Addresses()})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.EnsureTopics(b.Context(), Topic{Name: "queries", Retain: 4 << 20}, Topic{Name: "results", Retain: 4 << 20}); err != nil {
		b.Fatal(err)
	}
	stop := serve(b, c, 0)
	defer stop()
	results := c.Subscribe("results", nil)
	defer results.Close()
	p := c.NewPublisher()
	defer p.Close()
	q := query("queries", 0)
	q.Event.ReplyTo, q.Event.Data = "results", make([]byte, 128)
	b.ReportAllocs()
	for b.Loop() {
		publish(b, p, q)
		read(b, results, 1)
	}
}
