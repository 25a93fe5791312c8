package fakesvc

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/clock"
)

// leaveLimit is how long the group's coordinator has to take note that a member
// leaves.
const leaveLimit = 2 * time.Second

// shares tells whether this consumer is one of a group.
func (c *consumer) shares() bool { return c.handler.Shared && c.host.env.Groups }

// hasJoined returns when the group has dealt out the topic's partitions.
func (c *consumer) hasJoined(ctx context.Context) error {
	select {
	case <-c.joined:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no share of topic %s has been dealt out: %w", c.topic, ctx.Err())
	}
}

// takeShare reads what the group deals out until member ends, or the host leaves, and
// leaves the group.
func (c *consumer) takeShare(ctx, member context.Context) error {
	member, stop := context.WithCancel(member)
	defer stop()
	defer context.AfterFunc(c.host.leaving, stop)()
	group, err := c.host.bus.Join(c.topic, c.topic+"."+c.host.services[0])
	if err != nil {
		return err
	}
	defer func() {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
		defer cancel()
		group.Leave(leaving)
	}()
	for {
		assigned, err := group.Next(member)
		if err != nil {
			return err
		}
		c.once.Do(func() { close(c.joined) })
		err = c.readAssigned(ctx, member, assigned)
		assigned.Release()
		if err != nil && (member.Err() != nil || assigned.Holds().Err() == nil) {
			return err
		}
	}
}

// readAssigned reads partitions until they are to be given back. A fault takes them
// away without a last commit.
func (c *consumer) readAssigned(ctx, member context.Context, assigned *bus.Assignment) error {
	reading, cancel := context.WithCancel(member)
	defer cancel()
	defer context.AfterFunc(assigned.Holds(), cancel)()
	c.moveTo(assigned.From())
	var committing sync.WaitGroup
	committing.Go(func() { c.keepCommitting(reading, assigned) })
	err := c.read(reading, ctx, assigned.Subscribe())
	cancel()
	committing.Wait()
	if !c.host.rejoining.isClosed() {
		c.commitTo(assigned)
	}
	return err
}

// keepCommitting commits beside the reading, which need not wait for it.
func (c *consumer) keepCommitting(ctx context.Context, assigned *bus.Assignment) {
	last := assigned.From()
	for clock.Sleep(ctx, commitInterval) == nil {
		if at := c.positions(); !maps.Equal(at, last) {
			c.commitTo(assigned)
			last = at
		}
	}
}

// commitTo commits how far the consumer is. Where that fails, whoever gets the
// partitions next is given again what came after the last commit.
func (c *consumer) commitTo(assigned *bus.Assignment) { _ = assigned.Commit(c.positions()) }
