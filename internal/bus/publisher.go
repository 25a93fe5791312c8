package bus

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// What gathers for one produce request, in bytes: below the 1 MB that Kafka
// takes in one record batch by default, whatever share one topic has of it.
const batchBytes = 768 << 10

// Publisher sends events with one produce request in flight at a time. What is
// published meanwhile, or at the same time, is gathered and sent as the next one,
// for all topics together (group commit); with several brokers it is one request to each
// leader, at once. Its methods may be called by several goroutines at once.
type Publisher struct {
	client    *Client
	published atomic.Int64
	wake      chan struct{} // holds one token: the queue or closed has changed
	done      chan struct{} // closed when run has ended

	mu     sync.Mutex
	closed bool
	queue  []*batch // the last one is still open
}

// batch is what goes out as one produce request to each leader.
type batch struct {
	bytes int
	parts []*part // one for each topic
	done  chan struct{}
}

// part is a batch's share of one topic.
type part struct {
	topic   string
	records []record
	batch   *batch
	shares  []*share // of its partitions; nil until it is known how many there are
	err     error    // valid once batch.done is closed
}

// share is a part's share of one partition.
type share struct {
	topic     string
	partition int
	records   []record
	err       error
}

type record struct {
	at        time.Time
	key, data []byte
	headers   []protocol.Header
}

// NewPublisher starts a publisher; Close ends it.
func (c *Client) NewPublisher() *Publisher {
	p := &Publisher{client: c, wake: make(chan struct{}, 1), done: make(chan struct{})}
	c.owned.Go(p.run)
	return p
}

// Publish sends events and returns when the cluster has acknowledged all of
// them (acks=all). The events with the same key that one goroutine publishes to a
// topic keep their order. An event without ID, type or source is an error, and then none
// is sent.
//
// A connection that is cut and an error that the broker calls temporary are
// retried for up to 10 s, an unknown topic for 1 s, while later events wait:
// a retry may deliver an event twice, and an error does not say that nothing
// was delivered. The error names the topics that failed. The end of ctx ends
// the wait, not the sending. Key and Data must stay unchanged until they are
// acknowledged, also after ctx has ended.
func (p *Publisher) Publish(ctx context.Context, events ...Outgoing) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("bus: publishing: %w", err)
	}
	records := make([]record, len(events))
	for i := range events {
		headers, err := encode(&events[i].Event)
		if err != nil {
			return fmt.Errorf("bus: publishing to %s: %w", events[i].Topic, err)
		}
		records[i] = record{time.Now(), events[i].Event.Key, events[i].Event.Data, headers}
	}
	parts, err := p.enqueue(events, records)
	if err != nil {
		return err
	}
	var failed []error
	for _, part := range parts {
		select {
		case <-part.batch.done:
		case <-ctx.Done():
			return fmt.Errorf("bus: publishing: %w", ctx.Err())
		}
		if part.err != nil {
			failed = append(failed, fmt.Errorf("bus: publishing to %s: %w", part.topic, part.err))
		}
	}
	return errors.Join(failed...)
}

// Published returns how many events have been acknowledged so far.
func (p *Publisher) Published() int64 { return p.published.Load() }

// Close sends what is queued and returns when it is acknowledged or has
// failed, and the publisher's goroutines have ended. Its error says that this was not so
// within closeLimit: what is queued then fails when the client is closed. Each Publish
// has its own error.
func (p *Publisher) Close() error {
	p.close()
	limit := time.NewTimer(closeLimit)
	defer limit.Stop()
	select {
	case <-p.done:
		return nil
	case <-limit.C:
		return fmt.Errorf("bus: what was queued to be published was not sent in %v", closeLimit)
	}
}

// closeLimit is more than a batch is retried for.
const closeLimit = 15 * time.Second

func (p *Publisher) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.signal()
}

func (p *Publisher) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// enqueue adds records to the open batch, and to further ones where it is
// full. It returns the parts that records are in.
func (p *Publisher) enqueue(events []Outgoing, records []record) ([]*part, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	parts := make([]*part, 0, 1)
	for i, r := range records {
		part := p.open(r.size()).part(events[i].Topic)
		part.records = append(part.records, r)
		if !contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if len(parts) > 0 {
		p.signal()
	}
	return parts, nil
}

// contains looks from the end: what is published together mostly shares a topic.
func contains(parts []*part, wanted *part) bool {
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] == wanted {
			return true
		}
	}
	return false
}

// open returns a batch that has room for size bytes and counts them in.
func (p *Publisher) open(size int) *batch {
	if n := len(p.queue); n > 0 && p.queue[n-1].bytes+size <= batchBytes {
		p.queue[n-1].bytes += size
		return p.queue[n-1]
	}
	b := &batch{bytes: size, done: make(chan struct{})}
	p.queue = append(p.queue, b)
	return b
}

func (b *batch) part(topic string) *part {
	for _, p := range b.parts {
		if p.topic == topic {
			return p
		}
	}
	added := &part{topic: topic, batch: b}
	b.parts = append(b.parts, added)
	return added
}

// take removes the oldest batch; it is nil when there is none.
func (p *Publisher) take() (b *batch, closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) > 0 {
		b = p.queue[0]
		p.queue[0] = nil
		p.queue = p.queue[1:]
	}
	if len(p.queue) == 0 {
		select {
		case <-p.wake: // it was for what is taken
		default:
		}
	}
	return b, p.closed
}

func (p *Publisher) run() {
	defer close(p.done)
	for {
		// Whoever is about to publish goes first, as the other needs of a request do
		// when its first one is published: they would wait for a round trip otherwise.
		// It takes no time where nobody is.
		runtime.Gosched()
		b, closed := p.take()
		switch {
		case b != nil:
			p.commit(b)
		case closed:
			return
		default:
			select {
			case <-p.wake:
			case <-p.client.ctx.Done():
				p.close() // and then fail what is queued
			}
		}
	}
}

// size is an upper bound of what r takes in a record batch.
func (r *record) size() int {
	const varints = 5
	size := 10*varints + len(r.key) + len(r.data)
	for i := range r.headers {
		size += 2*varints + len(r.headers[i].Key) + len(r.headers[i].Value)
	}
	return size
}
