package bus

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestPublishToDeliverTakesNoTime(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		s := c.Subscribe("a", nil)
		defer s.Close()
		p := c.NewPublisher()
		defer p.Close()
		time.Sleep(10 * time.Second) // the reader is idle, not just started
		for i := range int64(3) {
			start := time.Now()
			publish(t, p, query("a", i))
			got := read(t, s, 1)
			if took := time.Since(start); took != 0 {
				t.Errorf("event %d took %v", i, took)
			}
			if d := got[0]; d.Offset != i || d.Event.Request != i {
				t.Errorf("event %d came as %+v", i, d)
			}
		}
		if n := p.Published(); n != 3 {
			t.Errorf("Published = %d, want 3", n)
		}
	})
}

func TestRequestReplyTakesTheTimeOfTheWork(t *testing.T) {
	const work = 20 * time.Millisecond
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "queries", "results")
		stop := serve(t, c, work)
		defer stop()
		results := c.Subscribe("results", nil)
		defer results.Close()
		p := c.NewPublisher()
		defer p.Close()
		for i := range int64(20) {
			start := time.Now()
			q := query("queries", i)
			q.Event.ReplyTo = "results"
			publish(t, p, q)
			got := read(t, results, 1)
			if took := time.Since(start); took != work || got[0].Event.Request != i {
				t.Errorf("request %d took %v, answer %+v", i, took, got[0])
			}
		}
	})
}

// serve answers each query after work, until stop is called.
func serve(t testing.TB, c *Client, work time.Duration) (stop func()) {
	queries, replies := c.Subscribe("queries", nil), c.NewPublisher()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			got, err := queries.Next(context.Background())
			if err != nil {
				return
			}
			for _, d := range got {
				group.Go(func() {
					time.Sleep(work)
					e := d.Event
					e.Type = "UserQueryResult"
					if err := replies.Publish(context.Background(), Outgoing{e.ReplyTo, e}); err != nil {
						t.Error(err)
					}
				})
			}
		}
	})
	return func() {
		queries.Close()
		group.Wait()
		replies.Close()
	}
}

func TestConcurrentPublishersKeepTheirOrder(t *testing.T) {
	const goroutines, each = 10, 100
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		produces := countProduces(b)
		p := c.NewPublisher()
		var group sync.WaitGroup
		for g := range int64(goroutines) {
			group.Go(func() {
				for i := range int64(each) {
					publish(t, p, query("a", g*each+i))
				}
			})
		}
		s := c.Subscribe("a", nil)
		defer s.Close()
		got := read(t, s, goroutines*each)
		group.Wait()
		p.Close()
		silent(t, s)

		last := map[int64]int64{}
		for i, n := range numbers(got) {
			if got[i].Offset != int64(i) {
				t.Fatalf("delivery %d has offset %d", i, got[i].Offset)
			}
			if before, seen := last[n/each]; seen && n != before+1 || !seen && n%each != 0 {
				t.Fatalf("goroutine %d: %d came after %d", n/each, n, before)
			}
			last[n/each] = n
		}
		if n := produces.Load(); n >= goroutines*each {
			t.Errorf("%d produce requests for %d events: nothing was gathered", n, goroutines*each)
		}
		if n := p.Published(); n != goroutines*each {
			t.Errorf("Published = %d", n)
		}
	})
}

func TestNextAfterCancelLosesNothing(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		s := c.Subscribe("a", nil)
		defer s.Close()
		p := c.NewPublisher()
		defer p.Close()
		var got []int64
		for i := range int64(50) {
			// Cancelled while it waits, in the same instant in which the event comes.
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				deliveries, err := s.Next(ctx)
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("Next: %v", err)
				}
				got = append(got, numbers(deliveries)...)
			}()
			synctest.Wait()
			go cancel()
			publish(t, p, query("a", i))
			<-ended
		}
		publish(t, p, query("a", 50))
		for len(got) < 51 {
			got = append(got, numbers(must(t, s))...)
		}
		for i, n := range got {
			if n != int64(i) {
				t.Fatalf("got %v", got)
			}
		}
	})
}

func must(t *testing.T, s *Subscription) []Delivery {
	t.Helper()
	got, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWhatIsThereGoesBeforeAnEndedContext(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		s := c.Subscribe("a", nil)
		p := c.NewPublisher()
		defer p.Close()
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range int64(20) {
			publish(t, p, query("a", i))
			synctest.Wait()
			if got, err := s.Next(ended); err != nil || got[0].Event.Request != i {
				t.Fatalf("event %d: %v, %v", i, got, err)
			}
		}
		publish(t, p, query("a", 20))
		synctest.Wait()
		s.Close()
		if got, err := s.Next(t.Context()); err != nil || got[0].Event.Request != 20 {
			t.Errorf("after Close: %v, %v, want what had been read", got, err)
		}
		if _, err := s.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close and all deliveries: %v, want ErrClosed", err)
		}
	})
}

func TestSubscribeFromOffsetAndEnd(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		defer p.Close()
		for want := range int64(5) {
			if end, err := c.End(t.Context(), "a"); err != nil || end[0] != want || len(end) != 1 {
				t.Fatalf("End = %d, %v, want %d", end, err, want)
			}
			publish(t, p, query("a", want))
		}
		publish(t, p, query("a", 5), query("a", 6), query("a", 7)) // one batch, entered in its middle
		for from, want := range map[int64][]int64{0: {0, 1, 2, 3, 4, 5, 6, 7}, 3: {3, 4, 5, 6, 7}, 6: {6, 7}} {
			s := c.Subscribe("a", map[int]Position{0: {Next: from}})
			if got := numbers(read(t, s, len(want))); !slices.Equal(got, want) {
				t.Errorf("from %d: %v, want %v", from, got, want)
			}
			s.Close()
		}
		end := c.Subscribe("a", map[int]Position{0: {Next: 8}})
		defer end.Close()
		publish(t, p, query("a", 8), query("a", 9))
		if got := numbers(read(t, end, 2)); !slices.Equal(got, []int64{8, 9}) {
			t.Errorf("from the end: %v, want 8 and 9", got)
		}
	})
}

func TestUndecodableRecordIsDelivered(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "a")
		p := c.NewPublisher()
		defer p.Close()
		parts, err := p.enqueue([]Outgoing{{Topic: "a"}}, []record{{at: time.Now(), data: []byte("x")}})
		if err != nil {
			t.Fatal(err)
		}
		<-parts[0].batch.done
		publish(t, p, query("a", 1))
		s := c.Subscribe("a", nil)
		defer s.Close()
		var got []Delivery
		for len(got) < 2 {
			got = append(got, must(t, s)...)
		}
		if got[0].Err == nil || got[0].Err.Error() != "header ce_specversion is missing or empty" || string(got[0].Event.Data) != "x" {
			t.Errorf("the foreign record came as %+v", got[0])
		}
		if got[1].Err != nil || got[1].Event.Request != 1 {
			t.Errorf("the event after it came as %+v", got[1])
		}
		again := c.Subscribe("a", map[int]Position{0: got[0].After})
		defer again.Close()
		if got := numbers(read(t, again, 1)); got[0] != 1 {
			t.Errorf("after the foreign record comes %v", got)
		}
	})
}

func TestCloseIsPromptInAnyState(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "idle", "full")
		p := c.NewPublisher()
		idle, full, unknown := c.Subscribe("idle", nil), c.Subscribe("full", nil), c.Subscribe("unknown", nil)
		for range 3 { // more fetches than are read ahead
			publish(t, p, query("full", 1))
			synctest.Wait()
		}
		time.Sleep(3500 * time.Millisecond)
		start := time.Now()
		for _, s := range []*Subscription{idle, full, unknown} {
			s.Close()
			s.Close()
		}
		p.Close()
		p.Close()
		if err := p.Publish(t.Context(), query("idle", 1)); !errors.Is(err, ErrClosed) {
			t.Errorf("Publish after Close: %v", err)
		}
		c.Close()
		if _, err := c.End(t.Context(), "idle"); !errors.Is(err, ErrClosed) {
			t.Errorf("End after Close: %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("closing took %v", took)
		}
	})
}

func TestClientCloseEndsAllThatIsOpen(t *testing.T) {
	virtual(t, func(t *testing.T, b *Broker, c *Client) {
		create(t, c, "a")
		s, p := c.Subscribe("a", nil), c.NewPublisher()
		hold(b, time.Minute)
		published := make(chan error)
		go func() { published <- p.Publish(t.Context(), query("a", 1)) }()
		time.Sleep(time.Second)
		start := time.Now()
		c.Close()
		if err := <-published; !errors.Is(err, ErrClosed) {
			t.Errorf("Publish: %v", err)
		}
		if _, err := s.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Next: %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("closing took %v", took)
		}
		time.Sleep(time.Minute) // so that the broker stops holding the request
	})
}

func TestDeletePrefix(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "run-1.A", "run-1.B", "run-12.A", "other")
		for range 2 { // the second time there is nothing
			if err := c.DeletePrefix(t.Context(), "run-1."); err != nil {
				t.Fatal(err)
			}
			if left, err := c.Topics(t.Context()); err != nil || !slices.Equal(left, []string{"other", "run-12.A"}) {
				t.Errorf("%q are left, %v", left, err)
			}
		}
		start := time.Now()
		if _, err := c.End(t.Context(), "run-1.A"); !errors.Is(err, kafka.UnknownTopicOrPartition) || time.Since(start) != 0 {
			t.Errorf("the end of a deleted topic: %v after %v", err, time.Since(start))
		}
		if err := c.DeletePrefix(t.Context(), ""); err == nil {
			t.Error("an empty prefix deletes everything")
		}
	})
}

// An event of 8 MB is more than Kafka takes by default, and more than one fetch.
func TestLargeEvents(t *testing.T) {
	virtual(t, func(t *testing.T, _ *Broker, c *Client) {
		create(t, c, "topic")
		p := c.NewPublisher()
		defer p.Close()
		sub := c.Subscribe("topic", nil)
		defer sub.Close()
		for n, size := range []int{10, 8_000_000, 1_500_000, 10} {
			event := query("topic", int64(n))
			event.Event.Data = make([]byte, size)
			publish(t, p, event)
			if got := read(t, sub, 1)[0]; got.Err != nil || len(got.Event.Data) != size || got.Event.Request != int64(n) {
				t.Errorf("event %d holds %d bytes, want %d; %v", got.Event.Request, len(got.Event.Data), size, got.Err)
			}
		}
	})
}

// What cannot be deleted is given up after 10 s, with what may be left and why.
func TestDeletePrefixIsBounded(t *testing.T) {
	unreachable(t, func(t *testing.T, _ *Broker, _, c *Client, while func(func())) {
		create(t, c, "run-1.a")
		while(func() {
			begin := time.Now()
			err := c.DeletePrefix(t.Context(), "run-1.")
			const want = "bus: topics that begin with run-1. may be left after 10s: "
			if took := time.Since(begin); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") || took != adminTimeout {
				t.Errorf("after %v: %v", took, err)
			}
		})
		if err := c.DeletePrefix(t.Context(), "run-1."); err != nil {
			t.Error(err)
		}
	})
}
