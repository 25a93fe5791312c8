// Package asyncrequest links services by request and response over the bus.
//
// Its law: a need is met by a query event and its result event, matched by
// correlation id, while the caller's own caller waits. A requester registers
// before it sends and reads its own reply topic from the first offset on, so no
// reply can be missed; one that comes too late is counted and belongs to nobody.
package asyncrequest

import (
	"context"
	"fmt"
	"sync"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
)

// Link joins a consumer to a supplier by two topics: the supplier's queries and
// the consumer's replies.
type Link struct {
	mu         sync.Mutex
	requesters map[*fakesvc.Node]*requester
}

var _ fakesvc.Link = (*Link)(nil)

// New returns the link of one topology.
func New() *Link { return &Link{requesters: make(map[*fakesvc.Node]*requester)} }

// Supply has the supplier answer the queries that reach it over the bus.
func (l *Link) Supply(ctx context.Context, supplier *fakesvc.Node) error {
	host := supplier.Host()
	topic := queries(host.Env(), supplier.Name)
	if err := host.Env().Bus.EnsureTopics(ctx, bus.Topic{Name: topic, Retain: retain, Partitions: host.Env().Partitions}); err != nil {
		return fmt.Errorf("queries of %s: %w", supplier.Name, err)
	}
	r := &responder{node: supplier, topic: topic}
	host.Intake(r.run(host.Consume(topic, fakesvc.Handler{Handle: r.begin, Shared: true})))
	return nil
}

// Connect returns a Source that asks the supplier over the bus. A consumer has
// one reply topic for all its needs.
func (l *Link) Connect(ctx context.Context, consumer *fakesvc.Node, supplier string) (fakesvc.Source, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.requesters[consumer]
	if !ok {
		host := consumer.Host()
		r = newRequester(consumer)
		if err := host.Env().Bus.EnsureTopics(ctx, bus.Topic{Name: r.replies, Retain: retain, Partitions: host.Env().Partitions}); err != nil {
			return nil, fmt.Errorf("replies to %s: %w", consumer.Name, err)
		}
		host.Run(host.Consume(r.replies, fakesvc.Handler{Handle: r.deliver}))
		l.requesters[consumer] = r
	}
	env := consumer.Host().Env()
	return source{r, supplier, env.Entity(supplier), queries(env, supplier)}, nil
}

// retain bounds what the topics of queries and replies keep, in bytes: they are
// read at once, and a longer run must not need more memory.
const retain = 16 << 20

func queries(env fakesvc.Env, service string) string { return env.Topic(service, "queries") }
