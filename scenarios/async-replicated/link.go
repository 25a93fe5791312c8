// Package asyncreplicated links services by change events and a local copy.
//
// Its law: a need is met from the consumer's own database, and nothing that
// happens to the supplier can delay or fail an answer. What it costs instead is
// age: whatever keeps a change from being published, delivered or applied makes
// answers stale.
package asyncreplicated

import (
	"context"
	"fmt"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
)

// Link joins a consumer to a supplier by the supplier's topic of changes.
type Link struct{}

var _ fakesvc.Link = Link{}

// Supply publishes each change of the supplier, from the first record on.
func (Link) Supply(ctx context.Context, supplier *fakesvc.Node) error {
	host := supplier.Host()
	topic := changes(host.Env(), supplier.Name)
	if err := host.Env().Bus.EnsureTopics(ctx, bus.Topic{Name: topic, Compact: true, Partitions: host.Env().Partitions}); err != nil {
		return fmt.Errorf("changes of %s: %w", supplier.Name, err)
	}
	publish(supplier, topic)
	return nil
}

// publish has the supplier's host publish each change to topic.
func publish(supplier *fakesvc.Node, topic string) {
	r := newRelay(supplier, topic)
	supplier.OnChange(r.changed)
	supplier.OnPending(r.pending)
	supplier.Host().Run(r.run)
}

// Connect returns a Source that reads the consumer's copy, which has what the
// supplier has published before the host is ready.
func (Link) Connect(ctx context.Context, consumer *fakesvc.Node, supplier string) (fakesvc.Source, error) {
	host := consumer.Host()
	collection, err := host.Store().Collection(ctx, supplier)
	if err != nil {
		return nil, fmt.Errorf("copy of %s in %s: %w", supplier, consumer.Name, err)
	}
	topic := changes(host.Env(), supplier)
	if err := host.Env().Bus.Await(ctx, topic); err != nil { // the supplier may start later
		return nil, fmt.Errorf("changes of %s: %w", supplier, err)
	}
	r := &replica{consumer: consumer, supplier: supplier, topic: topic, collection: collection}
	host.Run(host.Consume(topic, fakesvc.Handler{Apply: r.apply, Lost: r.lose, From: r.from, Restart: r.restart}))
	host.Gate(r.caughtUp)
	return r, nil
}

func changes(env fakesvc.Env, service string) string { return env.Topic(service, "changes") }
