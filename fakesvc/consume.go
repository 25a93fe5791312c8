package fakesvc

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
	"crosstalk/internal/telemetry"
)

// commitInterval is how often a consumer commits where it is: what came since is
// delivered again after a rebalance.
const commitInterval = clock.CommitInterval

// Handler is what is done with the events of a topic.
type Handler struct {
	// Handle takes a batch of events, those of a partition in their order. What it
	// has returned for is not given to it again, but after a rebalance; its error
	// ends the part.
	Handle func(ctx context.Context, batch []bus.Delivery) error
	// Apply is what a handler has instead of Handle that keeps for itself how far it
	// is: next is, by partition, the position once the batch is handled. The batch is
	// empty where nothing of what came is to be handled.
	Apply func(ctx context.Context, batch []bus.Delivery, next map[int]bus.Position) error
	// From tells where to begin in each partition when the process starts; nil, and
	// a partition that it does not name, is the first event.
	From func(ctx context.Context) (map[int]bus.Position, error)
	// Restart is told that the log has lost what it had acknowledged in a partition,
	// which begins anew with what comes next; it may be nil. Its error ends the part.
	Restart func(ctx context.Context, partition int) error
	// Lost is told of each event that will never be handled; it may be nil.
	Lost func(d bus.Delivery)
	// Shared says that any copy of the service may handle an event, and one does.
	// Otherwise each copy handles all of them.
	Shared bool
}

// Consume returns a part that reads a topic from its first event on, or from where
// the handler says. After an
// outage it goes on with what follows. An event that cannot be decoded is set
// aside.
func (h *Host) Consume(topic string, handler Handler) Part {
	c := &consumer{
		host: h, topic: topic, handler: handler, joined: make(chan struct{}),
		waits: h.env.Metrics.BusWait(h.services[0], h.env.shortTopic(topic)),
	}
	h.consumers = append(h.consumers, c)
	if c.shares() {
		h.Gate(c.hasJoined)
	}
	return c.run
}

// consumer reads one topic, with all that the bus does to its events on the way.
type consumer struct {
	host    *Host
	topic   string
	handler Handler
	waits   *telemetry.Durations

	lanes       []*lane // in the order of their partitions
	committed   map[int]bus.Position
	committedAt time.Time

	mu   sync.Mutex
	next map[int]bus.Position // after what is handled of each partition

	joined chan struct{} // closed when the group has dealt out partitions, to this one too
	once   sync.Once
}

func (c *consumer) run(ctx context.Context) error {
	if err := c.start(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		member, leave := c.host.rejoining.whileOpen(ctx)
		err := c.take(ctx, member)
		leave()
		switch {
		case ctx.Err() != nil || c.shares() && c.host.leaving.Err() != nil:
			return nil
		case member.Err() == nil:
			return err
		}
		// A rebalance: whoever gets the partitions next starts from the last commit.
		c.moveTo(c.committed)
		if c.host.rejoining.wait(ctx) != nil {
			return nil
		}
	}
	return nil
}

// start asks where to begin.
func (c *consumer) start(ctx context.Context) error {
	if c.handler.From == nil {
		return nil
	}
	from, err := c.handler.From(ctx)
	if err != nil {
		return fmt.Errorf("where to begin in topic %s: %w", c.topic, err)
	}
	c.moveTo(from)
	return nil
}

// take reads all of the topic, or what the group deals out, until member ends.
func (c *consumer) take(ctx, member context.Context) error {
	if c.shares() {
		return c.takeShare(ctx, member)
	}
	return c.read(member, member, c.host.bus.Subscribe(c.topic, c.positions()))
}

// read reads until reading ends, and closes sub. What is handled then may go on
// until handling ends.
func (c *consumer) read(reading, handling context.Context, sub *bus.Subscription) error {
	defer sub.Close()
	c.lanes, c.committed, c.committedAt = nil, c.positions(), time.Now()
	for {
		select {
		case batch := <-sub.Batches():
			if err := c.admit(reading, batch); err != nil {
				return err
			}
		case <-c.timer():
		case <-sub.Ended():
			return fmt.Errorf("read topic %s: %w", c.topic, sub.Err())
		case <-reading.Done():
			return reading.Err()
		}
		if err := c.deliver(reading, handling); err != nil {
			return err
		}
	}
}

// timer fires when the first parcel may be handled; never where there is none.
func (c *consumer) timer() <-chan time.Time {
	var first *parcel
	for _, l := range c.lanes {
		if len(l.parcels) > 0 && (first == nil || l.parcels[0].due.Before(first.due)) {
			first = &l.parcels[0]
		}
	}
	if first == nil {
		return nil
	}
	return time.After(time.Until(first.due))
}

// lane returns that of a partition.
func (c *consumer) lane(partition int) *lane {
	i, found := slices.BinarySearchFunc(c.lanes, partition, func(l *lane, p int) int { return l.partition - p })
	if !found {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lanes = slices.Insert(c.lanes, i, &lane{partition: partition, admitted: c.next[partition]})
	}
	return c.lanes[i]
}

// admit takes deliveries in.
func (c *consumer) admit(ctx context.Context, batch []bus.Delivery) error {
	for _, d := range batch {
		l := c.lane(d.Partition)
		switch {
		case errors.Is(d.Err, bus.ErrLost):
			if err := c.startOver(ctx, d); err != nil {
				return err
			}
		case d.Err != nil:
			c.host.SetAside(ctx, c.topic, d, d.Err)
		default:
			c.meet(l, d)
		}
		l.admitted = d.After
	}
	return nil
}

// meet decides what an event meets.
func (c *consumer) meet(l *lane, d bus.Delivery) {
	if c.host.onTheBus.IsZero() {
		l.put(d, fault.Interaction{}, fault.Passage{})
		return
	}
	way := c.host.passage(&d.Event)
	met := c.host.onTheBus.Meet(way)
	if met.Drop {
		if c.handler.Lost != nil {
			c.handler.Lost(d)
		}
		return
	}
	l.put(d, way, met)
	if met.Duplicate {
		l.put(d, way, fault.Passage{})
	}
}

// startOver begins anew in a partition that has lost what it had acknowledged.
func (c *consumer) startOver(ctx context.Context, lost bus.Delivery) error {
	c.host.logLosses.Add(1)
	if c.handler.Restart != nil {
		if err := c.handler.Restart(ctx, lost.Partition); err != nil {
			return err
		}
	}
	if c.committed == nil {
		c.committed = make(map[int]bus.Position)
	}
	c.committed[lost.Partition] = lost.After
	return nil
}

// deliver has what is due handled.
func (c *consumer) deliver(reading, handling context.Context) error {
	now := time.Now()
	due := make([]int, len(c.lanes))
	all := 0
	for i, l := range c.lanes {
		due[i] = l.due(now)
		all += due[i]
	}
	if all == 0 {
		return c.skip(handling)
	}
	for _, hold := range []*gate{&c.host.stalled, &c.host.frozen} {
		if err := hold.wait(reading); err != nil {
			return err
		}
	}
	batch := make([]bus.Delivery, 0, all)
	for i, l := range c.lanes {
		for _, p := range l.parcels[:due[i]] {
			batch = append(batch, p.Delivery)
			if p.asked > 0 {
				c.host.onTheBus.Delayed(p.way, p.asked, time.Since(p.since))
			}
		}
	}
	c.handled(batch)
	if err := c.handle(handling, batch, due); err != nil {
		return err
	}
	for i, l := range c.lanes {
		l.parcels = slices.Delete(l.parcels, 0, due[i])
	}
	c.commit()
	return nil
}

// handle has a batch handled, the first due[i] parcels of each lane.
func (c *consumer) handle(ctx context.Context, batch []bus.Delivery, due []int) error {
	if c.handler.Apply != nil {
		return c.handler.Apply(ctx, batch, c.after(due))
	}
	return c.handler.Handle(ctx, batch)
}

// skip moves past what came and is not to be handled.
func (c *consumer) skip(ctx context.Context) error {
	none := make([]int, len(c.lanes))
	if c.handler.Apply != nil && c.isBehind(none) {
		if err := c.handle(ctx, nil, none); err != nil {
			return err
		}
	}
	c.commit()
	return nil
}

// after returns, by partition, the position once the first due[i] parcels of each lane
// are handled.
func (c *consumer) after(due []int) map[int]bus.Position {
	next := make(map[int]bus.Position, len(c.lanes))
	for i, l := range c.lanes {
		next[l.partition] = l.after(due[i])
	}
	return next
}

// isBehind tells whether that is further than the positions.
func (c *consumer) isBehind(due []int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, l := range c.lanes {
		if l.after(due[i]).Next > c.next[l.partition].Next {
			return true
		}
	}
	return false
}

// commit moves the positions past what is handled.
func (c *consumer) commit() {
	c.mu.Lock()
	if c.next == nil {
		c.next = make(map[int]bus.Position)
	}
	for _, l := range c.lanes {
		c.next[l.partition] = l.after(0)
	}
	c.mu.Unlock()
	if time.Since(c.committedAt) >= commitInterval {
		c.committed, c.committedAt = c.positions(), time.Now()
	}
}

func (c *consumer) moveTo(positions map[int]bus.Position) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = maps.Clone(positions)
}

func (c *consumer) positions() map[int]bus.Position {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.next)
}

// behind returns how many events are not handled, of partitions that end there.
func (c *consumer) behind(end map[int]int64) int64 {
	at := c.positions()
	var behind int64
	for p, offset := range end {
		if _, has := at[p]; has || !c.shares() { // the others of a group have the others
			behind += max(offset-at[p].Next, 0)
		}
	}
	return behind
}
