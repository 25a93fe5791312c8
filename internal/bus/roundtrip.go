package bus

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// RoundTrips measures how long a request of 128 bytes and its reply take over each
// of several buses, one at a time and in turns, so that what else the machine does
// meets all of them. It returns count durations of each, after a quarter more that
// warm up. The topics that it creates begin with prefix, and stay.
func RoundTrips(ctx context.Context, prefix string, count int, clients ...*Client) ([][]time.Duration, error) {
	loops := make([]*loop, len(clients))
	for i, c := range clients {
		l, err := newLoop(ctx, c, prefix)
		if err != nil {
			return nil, err
		}
		defer l.close()
		loops[i] = l
	}
	took := make([][]time.Duration, len(clients))
	warmUp := (count + 3) / 4
	for n := range warmUp + count {
		for i, l := range loops {
			begin := time.Now()
			if err := l.once(ctx, n); err != nil {
				return nil, fmt.Errorf("bus: a round trip: %w", err)
			}
			if n >= warmUp {
				took[i] = append(took[i], time.Since(begin))
			}
		}
	}
	return took, nil
}

// loop is a requester and a responder on one bus.
type loop struct {
	queries, replies string
	asking           *Publisher
	answering        *Publisher
	asked, answered  *Subscription
	responder        sync.WaitGroup
}

func newLoop(ctx context.Context, c *Client, prefix string) (*loop, error) {
	l := &loop{queries: prefix + ".round-trip.queries", replies: prefix + ".round-trip.replies"}
	if err := c.EnsureTopics(ctx, Topic{Name: l.queries}, Topic{Name: l.replies}); err != nil {
		return nil, err
	}
	l.asking, l.answering = c.NewPublisher(), c.NewPublisher()
	l.asked, l.answered = c.Subscribe(l.queries, nil), c.Subscribe(l.replies, nil)
	l.responder.Go(l.respond)
	return l, nil
}

// respond answers until asked is closed.
func (l *loop) respond() {
	for {
		got, err := l.asked.Next(context.Background())
		if err != nil {
			return
		}
		for _, d := range got {
			// A reply that cannot be sent is missed by once, which tells.
			_ = l.answering.Publish(context.Background(), Outgoing{l.replies, d.Event})
		}
	}
}

func (l *loop) once(ctx context.Context, n int) error {
	const size = 128
	query := Event{ID: strconv.Itoa(n), Type: "RoundTrip", Source: "/crosstalk/driver", Data: make([]byte, size)}
	if err := l.asking.Publish(ctx, Outgoing{l.queries, query}); err != nil {
		return err
	}
	for {
		got, err := l.answered.Next(ctx)
		if err != nil {
			return err
		}
		for _, d := range got {
			if d.Event.ID == query.ID {
				return nil
			}
		}
	}
}

func (l *loop) close() {
	l.asked.Close()
	l.responder.Wait()
	l.answered.Close()
	l.asking.Close()
	l.answering.Close()
}
