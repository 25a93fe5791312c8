package asyncreplicated

import (
	"context"
	"fmt"
	"sync"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// replica is a consumer's copy of one supplier's records.
type replica struct {
	consumer   *fakesvc.Node
	supplier   string
	collection store.Collection
	end        int64 // offset after the last change that was there at the beginning
	completed  sync.Once
	complete   chan struct{}
}

var _ fakesvc.Replica = (*replica)(nil)

func newReplica(consumer *fakesvc.Node, supplier string, c store.Collection, end int64) *replica {
	r := &replica{
		consumer: consumer, supplier: supplier, collection: c, end: end,
		complete: make(chan struct{}),
	}
	if end == 0 {
		r.completed.Do(func() { close(r.complete) })
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

// apply applies a batch of changes in one transaction. The collection keeps the
// newest version, so a change delivered twice or late changes nothing.
func (r *replica) apply(ctx context.Context, deliveries []bus.Delivery) error {
	records := make([]record.Record, 0, len(deliveries))
	for _, d := range deliveries {
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
	if deliveries[len(deliveries)-1].Offset+1 >= r.end {
		r.completed.Do(func() { close(r.complete) })
	}
	return nil
}
