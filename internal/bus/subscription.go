package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// How long the broker holds a fetch that finds nothing. It delays neither
	// an event nor Close, so it is long enough to be rare beside what is measured.
	fetchWait = time.Second
	// How much later than that an answer counts as lost.
	fetchGrace = 5 * time.Second
	fetchBytes = 1 << 20
)

// Subscription reads one topic. It fetches ahead by at most two fetches of
// about 1 MB. When the connection is cut or the leader moves, it goes on from
// where it was, for as long as it takes. Its methods may be called by several
// goroutines at once.
//
// It is a loop over kafka.Conn and not a kafka.Reader: the batches come
// through whole, Close need not wait for a fetch, and a topic that is unknown
// for a moment does not lead to a pause of up to 10 s.
type Subscription struct {
	client  *Client
	topic   string
	out     chan []Delivery
	cancel  context.CancelFunc
	done    chan struct{} // closed when run has ended
	fatal   error         // why run has ended, valid once done is closed
	trouble atomic.Pointer[error]
}

// Subscribe starts to read topic at offset from, which is at least 0. Where
// retention has dropped that offset, it starts at the first one there is; at
// an offset past the end, it waits until the topic gets there.
func (c *Client) Subscribe(topic string, from int64) *Subscription {
	ctx, cancel := context.WithCancel(c.ctx)
	s := &Subscription{
		client: c,
		topic:  topic,
		out:    make(chan []Delivery, 1),
		cancel: cancel,
		done:   make(chan struct{}),
	}
	c.owned.Go(func() { s.run(ctx, max(from, 0)) })
	return s
}

// Next returns the deliveries that are there, in order and at least one, and
// waits for them. The end of ctx ends the wait and loses nothing; the error
// then tells what, if anything, is wrong with the connection. An answer of
// the broker that will not change, such as a refused authorization, ends the
// subscription and is returned from then on.
func (s *Subscription) Next(ctx context.Context) ([]Delivery, error) {
	// What is there goes first: an ended ctx or subscription must not win by chance.
	select {
	case got := <-s.out:
		return got, nil
	default:
	}
	select {
	case got := <-s.out:
		return got, nil
	case <-ctx.Done():
		if trouble := s.trouble.Load(); trouble != nil {
			return nil, fmt.Errorf("bus: reading %s: %w (the broker: %w)", s.topic, ctx.Err(), *trouble)
		}
		return nil, fmt.Errorf("bus: reading %s: %w", s.topic, ctx.Err())
	case <-s.done:
	}
	select {
	case got := <-s.out:
		return got, nil
	default:
		return nil, fmt.Errorf("bus: reading %s: %w", s.topic, s.fatal)
	}
}

// Batches gives the deliveries, as Next does; none may be left in it when the
// subscription has ended.
func (s *Subscription) Batches() <-chan []Delivery { return s.out }

// Ended is closed when the subscription has ended, by Close or by an answer of
// the broker that will not change. Err then tells why.
func (s *Subscription) Ended() <-chan struct{} { return s.done }

// Err tells why the subscription has ended. It is called after Ended.
func (s *Subscription) Err() error { return fmt.Errorf("bus: reading %s: %w", s.topic, s.fatal) }

// Close ends the subscription and returns when its goroutine has ended, at
// once. The error is always nil.
func (s *Subscription) Close() error {
	s.cancel()
	<-s.done
	return nil
}

// run connects and reads, and again when the connection is lost.
func (s *Subscription) run(ctx context.Context, offset int64) {
	defer close(s.done)
	s.fatal = ErrClosed
	for n := 0; ; n++ {
		start := offset
		err := s.connectAndRead(ctx, &offset)
		if ctx.Err() != nil {
			return
		}
		if !retriable(err) {
			s.fatal = err
			return
		}
		s.trouble.Store(&err)
		if offset != start {
			n = 0
		}
		if !pause(ctx, n) {
			return
		}
	}
}

func (s *Subscription) connectAndRead(ctx context.Context, offset *int64) error {
	conn, err := s.client.dialLeader(ctx, s.topic)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(fetchGrace))
	first, last, err := conn.ReadOffsets()
	if err != nil {
		return err
	}
	*offset = max(*offset, first)
	if *offset > last {
		return fmt.Errorf("offset %d lies past the end, %d", *offset, last)
	}
	if _, err := conn.Seek(*offset, kafka.SeekAbsolute|kafka.SeekDontCheck); err != nil {
		return err
	}
	for {
		got, err := s.fetch(conn, offset)
		if len(got) > 0 {
			select {
			case s.out <- got:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err != nil {
			return err
		}
		s.trouble.Store(nil)
	}
}

// fetch asks once for the records at offset and moves it past them.
func (s *Subscription) fetch(conn *kafka.Conn, offset *int64) ([]Delivery, error) {
	conn.SetDeadline(time.Now().Add(fetchWait + fetchGrace))
	batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: fetchBytes, MaxWait: fetchWait})
	defer batch.Close()
	var got []Delivery
	for {
		m, err := batch.ReadMessage()
		switch {
		case err == nil:
			event, err := decode(m.Headers, m.Key, m.Value)
			got = append(got, Delivery{Offset: m.Offset, Event: event, Err: err})
			*offset = m.Offset + 1
		case errors.Is(err, io.EOF):
			// Past the batch's end, also where its last records are gone.
			*offset = max(*offset, batch.Offset())
			return got, nil
		case errors.Is(err, kafka.RequestTimedOut):
			return got, nil // kafka-go's word for a fetch that found nothing
		case errors.Is(err, kafka.OffsetOutOfRange):
			return got, fmt.Errorf("offset %d is not there", *offset) // reconnecting repositions
		default:
			return got, err
		}
	}
}
