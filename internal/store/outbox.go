package store

import (
	"context"
	"errors"
	"sync/atomic"

	"crosstalk/internal/record"
)

// Entry is a record in the outbox: what Write stored, until it is acknowledged.
type Entry struct {
	// Seq orders the entries of a collection, from 1 on. It grows with the version
	// of a key, and whoever has seen one never finds a smaller one appear. A number
	// may be left out, and is never used again.
	Seq int64
	// Write is the number of the write.
	Write  int64
	Record record.Record
}

// Outbox is the entries of a collection, for the one who publishes them. It is
// for one goroutine at a time. Its errors may mean that it is no longer held:
// then it is to be closed and opened again.
type Outbox interface {
	// Pending returns the first entries after Seq after that are not acknowledged,
	// in order: n of them, or fewer if they would be more than some megabytes. More
	// tells whether there may be others after them.
	Pending(ctx context.Context, after int64, n int) (entries []Entry, more bool, err error)
	// Acknowledge removes the entries up to and with Seq upTo.
	Acknowledge(ctx context.Context, upTo int64) error
	// Close gives the outbox back, as the store's Close does; closing again does
	// nothing.
	Close() error
}

// outbox is what a kind implements of it.
type outbox interface {
	pending(ctx context.Context, after int64, room *room) ([]Entry, error)
	acknowledge(ctx context.Context, upTo int64) error
	release() error
}

// pendingBytes is the payload at which Pending returns no further entry.
const pendingBytes = 8 << 20

// room is what Pending may still return. It is full once it has refused an entry
// or taken the last one.
type room struct {
	entries, bytes int
	full           bool
}

// take makes room for a payload. The first one always has it.
func (r *room) take(payload int) bool {
	r.full = r.full || r.entries == 0 || r.bytes <= 0
	if r.full {
		return false
	}
	r.entries--
	r.bytes -= payload
	r.full = r.entries == 0
	return true
}

type guardedOutbox struct {
	*guarded
	outbox outbox
	closed atomic.Bool
}

func (c *guarded) Outbox(ctx context.Context) (Outbox, error) {
	if err := c.store.ready(ctx); err != nil {
		return nil, err
	}
	if _, held := c.store.held.LoadOrStore(c.name, nil); held {
		return nil, c.explain("open the outbox of", ErrHeld)
	}
	held, err := c.table.hold(ctx)
	if err != nil {
		c.store.held.Delete(c.name)
		return nil, c.explain("open the outbox of", err)
	}
	o := &guardedOutbox{guarded: c, outbox: held}
	c.store.held.Store(c.name, o)
	return o, nil
}

func (o *guardedOutbox) Pending(ctx context.Context, after int64, n int) ([]Entry, bool, error) {
	if err := o.ready(ctx); err != nil {
		return nil, false, err
	}
	r := &room{entries: n, bytes: pendingBytes}
	entries, err := o.outbox.pending(ctx, after, r)
	if err != nil {
		return nil, false, o.explain("read the outbox of", err)
	}
	return entries, r.full, nil
}

func (o *guardedOutbox) Acknowledge(ctx context.Context, upTo int64) error {
	if err := o.ready(ctx); err != nil {
		return err
	}
	return o.explain("acknowledge in the outbox of", o.outbox.acknowledge(ctx, upTo))
}

func (o *guardedOutbox) ready(ctx context.Context) error {
	if o.closed.Load() {
		return errors.New("outbox is closed")
	}
	return o.store.ready(ctx)
}

func (o *guardedOutbox) Close() error {
	if o.closed.Swap(true) {
		return nil
	}
	defer o.store.held.Delete(o.name)
	return o.outbox.release()
}
