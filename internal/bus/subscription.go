package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

const (
	// How long the broker holds a fetch that finds nothing. It delays neither
	// an event nor Close, so it is long enough to be rare beside what is measured.
	fetchWait = time.Second
	// How much later than that an answer counts as lost.
	fetchGrace = 5 * time.Second
	fetchBytes = 1 << 20
)

// Subscription reads the partitions of one topic, each over a connection of its
// own. It fetches ahead by at most two fetches of about 1 MB for each. When a
// connection is cut or a leader moves, it goes on from where it was, for as long
// as it takes. Its methods may be called by several goroutines at once.
//
// It is a loop over kafka.Conn and not a kafka.Reader: the batches come
// through whole, Close need not wait for a fetch, and a topic that is unknown
// for a moment does not lead to a pause of up to 10 s.
type Subscription struct {
	client *Client
	topic  string
	out    chan []Delivery
	cancel context.CancelFunc
	done   chan struct{} // closed when run has ended
	fatal  error         // why run has ended, valid once done is closed

	mu       sync.Mutex
	troubles map[int]error // by partition; that of the topic itself is under -1
}

const ofTheTopic = -1

// Subscribe starts to read all partitions of topic, each from the position that from
// has for it, and from the beginning where it has none. Where retention has dropped that
// offset, it starts at the first one there is. Each batch that it gives is of one
// partition. Where the log has lost what it had acknowledged, so at a position past the
// end or after another event too, a delivery with ErrLost says so, and what follows
// begins at the first event there is.
func (c *Client) Subscribe(topic string, from map[int]Position) *Subscription {
	return c.subscribe(topic, nil, from)
}

// subscribe reads some partitions; nil is all of them.
func (c *Client) subscribe(topic string, partitions []int, from map[int]Position) *Subscription {
	ctx, cancel := context.WithCancel(c.ctx)
	s := &Subscription{
		client: c, topic: topic, out: make(chan []Delivery, 1), cancel: cancel,
		done: make(chan struct{}), troubles: make(map[int]error),
	}
	from = maps.Clone(from)
	c.owned.Go(func() { s.run(ctx, partitions, from) })
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
		if trouble := s.trouble(); trouble != nil {
			return nil, fmt.Errorf("bus: reading %s: %w (the broker: %w)", s.topic, ctx.Err(), trouble)
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

// Close ends the subscription and returns when its goroutines have ended, at
// once. The error is always nil.
func (s *Subscription) Close() error {
	s.cancel()
	<-s.done
	return nil
}

// trouble is what is wrong with a connection now, of the first partition that
// there is something wrong with.
func (s *Subscription) trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.troubles) == 0 {
		return nil
	}
	return s.troubles[slices.Min(slices.Collect(maps.Keys(s.troubles)))]
}

func (s *Subscription) setTrouble(partition int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.troubles, partition)
	} else {
		s.troubles[partition] = err
	}
}

// run reads each partition, and ends with the first of them that cannot be read.
func (s *Subscription) run(ctx context.Context, partitions []int, from map[int]Position) {
	defer close(s.done)
	defer s.cancel()
	s.fatal = ErrClosed
	if partitions == nil {
		var err error
		if partitions, err = s.all(ctx); err != nil {
			if ctx.Err() == nil {
				s.fatal = err
			}
			return
		}
	}
	if len(partitions) == 0 { // as a member of a group of more than there are partitions
		<-ctx.Done()
	}
	if len(partitions) == 1 {
		if err := s.read(ctx, newCursor(partitions[0], from[partitions[0]])); err != nil {
			s.fatal = err
		}
		return
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range partitions {
		group.Go(func() error { return s.read(ctx, newCursor(p, from[p])) })
	}
	if err := group.Wait(); err != nil {
		s.fatal = err
	}
}

// all waits until the topic is there, and returns its partitions.
func (s *Subscription) all(ctx context.Context) ([]int, error) {
	for n := 0; ; n++ {
		count, err := s.client.count(ctx, s.topic)
		if err == nil {
			s.setTrouble(ofTheTopic, nil)
			partitions := make([]int, count)
			for i := range partitions {
				partitions[i] = i
			}
			return partitions, nil
		}
		s.setTrouble(ofTheTopic, err)
		if ctx.Err() != nil || !retriable(err) || !pause(ctx, n) {
			return nil, err
		}
	}
}

// read connects and reads a partition, and again when the connection is lost. Its
// error is an answer that will not change; the end of ctx is none.
func (s *Subscription) read(ctx context.Context, at *cursor) error {
	for n := 0; ; n++ {
		start := at.next
		err := s.connectAndRead(ctx, at)
		if ctx.Err() != nil {
			return nil
		}
		if !retriable(err) {
			return err
		}
		s.setTrouble(at.partition, err)
		if at.next != start {
			n = 0
		}
		if !pause(ctx, n) {
			return nil
		}
	}
}

func (s *Subscription) connectAndRead(ctx context.Context, at *cursor) error {
	conn, err := s.client.dialLeader(ctx, s.topic, at.partition)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(fetchGrace))
	first, end, err := conn.ReadOffsets()
	if err != nil {
		return err
	}
	from, err := at.from(first, end)
	if err == nil {
		if _, err := conn.Seek(from, kafka.SeekAbsolute|kafka.SeekDontCheck); err != nil {
			return err
		}
		err = s.fetchAll(ctx, conn, at)
	}
	if errors.Is(err, ErrLost) {
		if err := s.give(ctx, []Delivery{at.startOver(first, err)}); err != nil {
			return err
		}
	}
	return err
}

// fetchAll fetches until something goes wrong.
func (s *Subscription) fetchAll(ctx context.Context, conn *kafka.Conn, at *cursor) error {
	for {
		got, err := s.fetch(conn, at)
		if err := s.give(ctx, got); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		s.setTrouble(at.partition, nil)
	}
}

func (s *Subscription) give(ctx context.Context, got []Delivery) error {
	if len(got) == 0 {
		return nil
	}
	select {
	case s.out <- got:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetch asks once for what follows, and moves the cursor past it.
func (s *Subscription) fetch(conn *kafka.Conn, at *cursor) (got []Delivery, err error) {
	conn.SetDeadline(time.Now().Add(fetchWait + fetchGrace))
	batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: fetchBytes, MaxWait: fetchWait})
	defer batch.Close()
	for {
		m, err := batch.ReadMessage()
		switch {
		case err == nil:
			isNew, err := at.isNew(&m)
			if err != nil {
				return got, err
			}
			if !isNew {
				continue
			}
			event, err := decode(m.Headers, m.Key, m.Value)
			got = append(got, Delivery{Partition: at.partition, Offset: m.Offset, After: at.pass(&m), Event: event, Err: err})
		case errors.Is(err, io.EOF):
			// Past the batch's end, also where its last records are gone.
			at.next = max(at.next, batch.Offset())
			return got, nil
		case errors.Is(err, kafka.RequestTimedOut):
			return got, nil // kafka-go's word for a fetch that found nothing
		case errors.Is(err, kafka.OffsetOutOfRange):
			return got, fmt.Errorf("offset %d is not there", at.next) // reconnecting repositions
		default:
			return got, err
		}
	}
}
