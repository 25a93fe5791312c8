package asyncreplicated

import (
	"context"
	"fmt"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// replica is a consumer's copy of one supplier's records.
type replica struct {
	consumer   *fakesvc.Node
	supplier   string
	topic      string
	collection store.Collection
	offset     int64 // of the next change to apply; only run touches it
	end        int64 // the copy is complete when offset has come here
	complete   chan struct{}
}

var _ fakesvc.Replica = (*replica)(nil)

func newReplica(consumer *fakesvc.Node, supplier, topic string, c store.Collection, end int64) *replica {
	r := &replica{
		consumer: consumer, supplier: supplier, topic: topic, collection: c, end: end,
		complete: make(chan struct{}),
	}
	if end == 0 {
		close(r.complete)
	}
	return r
}

// Fetch reads the copy.
func (r *replica) Fetch(ctx context.Context, key record.Key) (record.Record, error) {
	return fakesvc.Lookup(ctx, r.collection, r.supplier, key)
}

// Copy returns the collection that holds the copy.
func (r *replica) Copy() store.Collection { return r.collection }

// caughtUp returns when the copy holds what was published before it was begun.
func (r *replica) caughtUp(ctx context.Context) error {
	select {
	case <-r.complete:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s has not caught up with the changes of %s: %w", r.consumer.Name, r.supplier, ctx.Err())
	}
}

// run applies the changes in batches of what is there. The collection keeps the
// newest version, so a change delivered twice or late changes nothing.
func (r *replica) run(ctx context.Context) error {
	sub := r.consumer.Host().Env().Bus.Subscribe(r.topic, r.offset)
	defer sub.Close()
	for {
		deliveries, err := sub.Next(ctx)
		if err != nil {
			return fmt.Errorf("read the changes of %s: %w", r.supplier, err)
		}
		if err := r.apply(ctx, deliveries); err != nil {
			return err
		}
	}
}

func (r *replica) apply(ctx context.Context, deliveries []bus.Delivery) error {
	records := make([]record.Record, 0, len(deliveries))
	for _, d := range deliveries {
		if d.Err != nil {
			return fmt.Errorf("change %d of %s: %w", d.Offset, r.supplier, d.Err)
		}
		change, err := decode(r.supplier, d.Event)
		if err != nil {
			return err
		}
		records = append(records, change)
	}
	stored, err := r.collection.Put(ctx, records)
	if err != nil {
		return fmt.Errorf("apply changes of %s in %s: %w", r.supplier, r.consumer.Name, err)
	}
	r.consumer.Host().Visible(r.consumer.Name, r.supplier, stored)
	before := r.offset
	r.offset = deliveries[len(deliveries)-1].Offset + 1
	if before < r.end && r.offset >= r.end {
		close(r.complete)
	}
	return nil
}
