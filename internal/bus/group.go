package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// The shortest that Kafka's brokers allow by default: for so long the partitions of
	// a member that died are read by nobody.
	sessionTimeout = 6 * time.Second
	// How long the group waits for a member to give back what it had.
	rebalanceTimeout = 6 * time.Second
	// How soon a member learns that partitions are dealt out anew.
	heartbeatInterval = 300 * time.Millisecond
	groupTimeout      = 3 * time.Second
)

// Member is one of a consumer group: its members share the partitions of a topic,
// each of which one of them reads at a time.
type Member struct {
	client *Client
	topic  string
	group  *kafka.ConsumerGroup
	cut    context.CancelFunc
}

// Join begins to join a group that reads topic. Leave ends it.
func (c *Client) Join(topic, group string) (*Member, error) {
	if c.ctx.Err() != nil {
		return nil, ErrClosed
	}
	ctx, cut := context.WithCancel(c.ctx)
	g, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: group, Brokers: c.config.Addresses, Dialer: c.dialer(ctx), Topics: []string{topic},
		HeartbeatInterval: heartbeatInterval, SessionTimeout: sessionTimeout, RebalanceTimeout: rebalanceTimeout,
		JoinGroupBackoff: longestPause, Timeout: groupTimeout,
	})
	if err != nil {
		cut()
		return nil, fmt.Errorf("bus: joining group %s: %w", group, err)
	}
	c.owned.Go(func() {
		<-ctx.Done()
		g.Close()
	})
	return &Member{client: c, topic: topic, group: g, cut: cut}, nil
}

// Next returns what the group has dealt to the member, when it has, and after the
// last assignment was released. It tries until ctx ends; an answer that will not
// change, such as a refused authorization, is an error at once.
func (m *Member) Next(ctx context.Context) (*Assignment, error) {
	var trouble error
	for {
		generation, err := m.group.Next(ctx)
		switch {
		case err == nil:
			return m.assigned(generation), nil
		case errors.Is(err, kafka.ErrGroupClosed):
			return nil, ErrClosed
		case ctx.Err() != nil:
			return nil, fmt.Errorf("bus: joining a group to read %s: %w (the broker: %w)", m.topic, ctx.Err(), cmp.Or(trouble, err))
		case !rejoinable(err):
			return nil, fmt.Errorf("bus: joining a group to read %s: %w", m.topic, err)
		}
		trouble = err
	}
}

// rejoinable reports whether joining again may help: kafka-go does so.
func rejoinable(err error) bool {
	for _, outrun := range []kafka.Error{kafka.RebalanceInProgress, kafka.UnknownMemberId, kafka.IllegalGeneration} {
		if errors.Is(err, outrun) {
			return true
		}
	}
	return retriable(err)
}

func (m *Member) assigned(g *kafka.Generation) *Assignment {
	a := &Assignment{member: m, generation: g, from: make(map[int]Position), released: make(chan struct{})}
	for _, p := range g.Assignments[m.topic] {
		a.from[p.ID] = Position{Next: max(p.Offset, 0)} // negative where nothing is committed
	}
	var end context.CancelFunc
	a.holds, end = context.WithCancel(context.Background())
	g.Start(func(ctx context.Context) {
		defer end()
		select {
		case <-ctx.Done():
			end()
			<-a.released
		case <-a.released:
		}
	})
	return a
}

// Leave leaves the group, so that its other members need not wait for this one's
// session to end, and returns when all has ended. The assignment must be released.
// The end of ctx ends the attempt; what the broker says is not waited for longer.
func (m *Member) Leave(ctx context.Context) {
	stop := context.AfterFunc(ctx, m.cut)
	defer stop()
	m.group.Close()
	m.cut()
}

// Assignment is the partitions that a member reads, until the group deals them out
// anew.
type Assignment struct {
	member     *Member
	generation *kafka.Generation
	from       map[int]Position
	holds      context.Context
	released   chan struct{}
}

// From returns the member's partitions, and of each the position that the group has
// committed, without a Sum.
func (a *Assignment) From() map[int]Position { return maps.Clone(a.from) }

// Holds returns a context that ends when the partitions are to be given back.
func (a *Assignment) Holds() context.Context { return a.holds }

// Subscribe starts to read the partitions from there on: nothing where there are none.
func (a *Assignment) Subscribe() *Subscription {
	partitions := slices.AppendSeq([]int{}, maps.Keys(a.from)) // nil would be all of them
	slices.Sort(partitions)
	return a.member.client.subscribe(a.member.topic, partitions, a.from)
}

// Commit stores the position in each partition, its Next alone. It may be called until
// the assignment is released; afterwards, and when the group has not waited for the
// member, it is an error, and whoever gets the partitions begins at the last commit.
func (a *Assignment) Commit(at map[int]Position) error {
	if len(at) == 0 {
		return nil
	}
	offsets := make(map[int]int64, len(at))
	for partition, position := range at {
		offsets[partition] = position.Next
	}
	if err := a.generation.CommitOffsets(map[string]map[int]int64{a.member.topic: offsets}); err != nil {
		return fmt.Errorf("bus: committing how far %s is read: %w", a.member.topic, err)
	}
	return nil
}

// Release gives the partitions back. It is called once.
func (a *Assignment) Release() { close(a.released) }
