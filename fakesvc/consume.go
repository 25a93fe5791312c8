package fakesvc

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/telemetry"
)

const (
	// commitInterval is how often a consumer commits where it is: what came since
	// is delivered again after a rebalance.
	commitInterval = time.Second
	// reorderPatience is how long an event that is to come after the next one
	// waits for it.
	reorderPatience = 100 * time.Millisecond
)

// Handler is what is done with the events of a topic.
type Handler struct {
	// Handle takes a batch of events. What it has returned for is not given to it
	// again, but after a rebalance; its error ends the part.
	Handle func(ctx context.Context, batch []bus.Delivery) error
	// Apply is what a handler has instead of Handle that keeps for itself how far it
	// is: next is, by partition, the first offset that is not handled once the batch
	// is. The batch is empty where nothing of what came is to be handled.
	Apply func(ctx context.Context, batch []bus.Delivery, next map[int]int64) error
	// From tells where to begin in each partition when the process starts; nil, and
	// a partition that it does not name, is the first event.
	From func(ctx context.Context) (map[int]int64, error)
	// Lost is told of each event that will never be handled; it may be nil.
	Lost func(d bus.Delivery)
}

// Consume returns a part that reads a topic from its first event on, or from where
// the handler says. After an
// outage it goes on with what follows. An event that cannot be decoded is set
// aside.
func (h *Host) Consume(topic string, handler Handler) Part {
	c := &consumer{host: h, topic: topic, handler: handler, waits: h.env.Metrics.BusWait(h.services[0], h.env.shortTopic(topic))}
	h.consumers = append(h.consumers, c)
	return c.run
}

// consumer reads one topic, with all that the bus does to its events on the way.
type consumer struct {
	host    *Host
	topic   string
	handler Handler
	placed  bool // next is where the handler begins

	next        int64 // the first offset that is not handled
	committed   int64
	committedAt time.Time
	admitted    int64        // the first offset that was not read
	position    atomic.Int64 // next, for who asks from outside
	waits       *telemetry.Durations
	lane        []parcel
}

// parcel is an event on its way to the handler.
type parcel struct {
	bus.Delivery
	way      fault.Interaction
	asked    time.Duration // to be held up
	since    time.Time
	due      time.Time // when it may be handled
	isBehind bool      // it waits for the event that follows it
}

func (c *consumer) run(ctx context.Context) error {
	if err := c.place(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		member, leave := c.host.rejoining.whileOpen(ctx)
		err := c.read(member)
		leave()
		switch {
		case ctx.Err() != nil:
			return nil
		case member.Err() == nil:
			return err
		}
		// A rebalance: whoever gets the partition next starts from the last commit.
		c.next = c.committed
		if c.host.rejoining.wait(ctx) != nil {
			return nil
		}
	}
	return nil
}

// place asks the handler where to begin, once.
func (c *consumer) place(ctx context.Context) error {
	if c.placed || c.handler.From == nil {
		return nil
	}
	from, err := c.handler.From(ctx)
	if err != nil {
		return err
	}
	c.next, c.placed = from[0], true
	return nil
}

// read reads from next on until ctx ends.
func (c *consumer) read(ctx context.Context) error {
	c.lane, c.admitted, c.committedAt = nil, c.next, time.Now()
	c.committed = c.next
	sub := c.host.bus.Subscribe(c.topic, c.next)
	defer sub.Close()
	for {
		select {
		case batch := <-sub.Batches():
			c.admit(ctx, batch)
		case <-c.timer():
		case <-sub.Ended():
			return fmt.Errorf("read topic %s: %w", c.topic, sub.Err())
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.deliver(ctx); err != nil {
			return err
		}
	}
}

// timer fires when the first parcel may be handled; never where there is none.
func (c *consumer) timer() <-chan time.Time {
	if len(c.lane) == 0 {
		return nil
	}
	return time.After(time.Until(c.lane[0].due))
}

// admit takes events in, and decides what each meets.
func (c *consumer) admit(ctx context.Context, batch []bus.Delivery) {
	for _, d := range batch {
		c.admitted = d.Offset + 1
		if d.Err != nil {
			c.host.SetAside(ctx, c.topic, d, d.Err)
			continue
		}
		if c.host.onTheBus.IsZero() {
			c.put(d, fault.Interaction{}, fault.Passage{})
			continue
		}
		way := c.host.passage(&d.Event)
		met := c.host.onTheBus.Meet(way)
		if met.Drop {
			if c.handler.Lost != nil {
				c.handler.Lost(d)
			}
			continue
		}
		c.put(d, way, met)
		if met.Duplicate {
			c.put(d, way, fault.Passage{})
		}
	}
}

// put adds a parcel. A delay keeps the order: nothing is due before what is ahead
// of it. One that is to be reordered waits for the next one, and lets it pass.
func (c *consumer) put(d bus.Delivery, way fault.Interaction, met fault.Passage) {
	now := time.Now()
	p := parcel{Delivery: d, way: way, asked: met.Delay, since: now, due: now.Add(met.Delay)}
	c.lane = append(c.lane, p)
	last := len(c.lane) - 1
	behind := last > 0 && c.lane[last-1].isBehind
	switch {
	case behind:
		c.lane[last-1].isBehind = false
		c.lane[last-1].due = c.lane[last-1].since.Add(c.lane[last-1].asked)
		c.lane[last-1], c.lane[last] = c.lane[last], c.lane[last-1]
	case met.Reorder:
		c.lane[last].isBehind = true
		c.lane[last].due = p.due.Add(reorderPatience)
	}
	for i := max(last-1, 1); i <= last; i++ {
		if ahead := c.lane[i-1].due; ahead.After(c.lane[i].due) {
			c.lane[i].due = ahead
		}
	}
}

// deliver has what is due handled.
func (c *consumer) deliver(ctx context.Context) error {
	now := time.Now()
	n := 0
	for n < len(c.lane) && !c.lane[n].due.After(now) {
		n++
	}
	if n == 0 {
		return c.skip(ctx)
	}
	for _, hold := range []*gate{&c.host.stalled, &c.host.frozen} {
		if err := hold.wait(ctx); err != nil {
			return err
		}
	}
	batch := make([]bus.Delivery, n)
	for i, p := range c.lane[:n] {
		batch[i] = p.Delivery
		if p.asked > 0 {
			c.host.onTheBus.Delayed(p.way, p.asked, time.Since(p.since))
		}
	}
	c.handled(batch)
	if err := c.handle(ctx, batch); err != nil {
		return err
	}
	c.lane = slices.Delete(c.lane, 0, n)
	c.commit()
	return nil
}

func (c *consumer) handle(ctx context.Context, batch []bus.Delivery) error {
	if c.handler.Apply != nil {
		return c.handler.Apply(ctx, batch, map[int]int64{0: c.after(len(batch))})
	}
	return c.handler.Handle(ctx, batch)
}

// skip moves past what came and is not to be handled.
func (c *consumer) skip(ctx context.Context) error {
	if c.handler.Apply != nil && c.after(0) > c.next {
		if err := c.handle(ctx, nil); err != nil {
			return err
		}
	}
	c.commit()
	return nil
}

// after is the first offset that is not handled once the first n parcels are.
func (c *consumer) after(n int) int64 {
	next := c.admitted
	for _, p := range c.lane[n:] {
		next = min(next, p.Offset)
	}
	return next
}

// commit moves the position past what is handled.
func (c *consumer) commit() {
	c.next = c.after(0)
	c.position.Store(c.next)
	if time.Since(c.committedAt) >= commitInterval {
		c.committed, c.committedAt = c.next, time.Now()
	}
}
