package asyncreplicated

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/store"
)

// observed is a database that calls acknowledging before an outbox forgets entries.
type observed struct {
	store.Store
	acknowledging func(upTo int64)
}

func (o observed) Collection(ctx context.Context, name string) (store.Collection, error) {
	c, err := o.Store.Collection(ctx, name)
	return observedCollection{c, o.acknowledging}, err
}

type observedCollection struct {
	store.Collection
	acknowledging func(upTo int64)
}

func (c observedCollection) Outbox(ctx context.Context) (store.Outbox, error) {
	o, err := c.Collection.Outbox(ctx)
	return observedOutbox{o, c.acknowledging}, err
}

type observedOutbox struct {
	store.Outbox
	acknowledging func(upTo int64)
}

func (o observedOutbox) Acknowledge(ctx context.Context, upTo int64) error {
	o.acknowledging(upTo)
	return o.Outbox.Acknowledge(ctx, upTo)
}

// The outbox forgets a change only once the bus has acknowledged its event: a process
// that dies in between publishes it again, and never not at all.
func TestTheOutboxForgetsOnlyWhatTheBusHas(t *testing.T) {
	for _, kind := range []store.Kind{store.Memory, store.Sqlite, store.Bbolt} {
		inWorld(t, func(w *world) {
			var forgotten atomic.Int64
			a := w.open("A", kind, func(_ *fakesvc.NodeConfig, db *store.Store) {
				*db = observed{*db, func(upTo int64) {
					end, err := w.env.Bus.End(w.Context(), w.topic())
					if err != nil || end[0] < upTo { // entries are numbered from 1
						w.Errorf("%s: entries up to %d are forgotten, and the bus has %d events; error %v", kind, upTo, end[0], err)
					}
					forgotten.Store(upTo)
				}}
			})
			a.seed()
			a.start()
			defer a.end()
			for i := range int64(5) {
				a.write(1+i, 3, uint64(2+i))
				time.Sleep(time.Second)
			}
			if got := forgotten.Load(); got != keys+5 {
				w.Errorf("%s: %d entries are forgotten, want %d", kind, got, keys+5)
			}
		})
	}
}

// What the bus does not take stays in the outbox, however often it is tried.
func TestTheOutboxKeepsWhatTheBusDoesNotTake(t *testing.T) {
	inWorld(t, func(w *world) {
		a := w.open("A", store.Sqlite, nil)
		a.seed()
		a.start()
		time.Sleep(time.Second)
		if err := w.env.Bus.DeletePrefix(w.Context(), w.topic()); err != nil {
			w.Fatal(err)
		}
		a.write(1, 3, 2)
		time.Sleep(time.Minute)
		a.end()
		if err := w.env.Bus.EnsureTopics(w.Context(), bus.Topic{Name: w.topic(), Compact: true}); err != nil {
			w.Fatal(err)
		}
		a = w.open("A", store.Sqlite, nil)
		a.start()
		defer a.end()
		time.Sleep(time.Second)
		if got := w.published(); len(got[3]) != 1 || got[3][0] != 2 {
			w.Errorf("published %v, want version 2 of key 3", got)
		}
	})
}
