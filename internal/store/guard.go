package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// database is what a kind implements: the storing. What all kinds have in
// common, the checks and the errors, is done once, by guardedStore.
type database interface {
	// collection opens a collection, created if absent. It may be called for one
	// name by several goroutines at once; only one of the tables is then used.
	collection(ctx context.Context, name string) (table, error)
	close() error
}

// table is one collection of a database. The records it is given are checked
// and normal ones; a method holds nothing when it returns, but for hold. Only a
// database that is elsewhere has use for the contexts.
type table interface {
	get(ctx context.Context, key record.Key) (record.Record, error)
	put(ctx context.Context, b batch) (stored []record.Record, err error)
	position(ctx context.Context) (map[int]bus.Position, error)
	rewind(ctx context.Context, partition int) error
	// hold takes the outbox from all other processes.
	hold(ctx context.Context) (outbox, error)
	// page returns the first pageSize records from key from on, in ascending
	// order; fewer mean that there are no more.
	page(ctx context.Context, from record.Key) ([]record.Record, error)
	bytes(ctx context.Context) (int64, error)
}

// batch is what one transaction stores.
type batch struct {
	records []record.Record
	// Each record that is stored gets an entry in the outbox if entered, with write.
	entered bool
	write   int64
	next    map[int]bus.Position // by partition; nil where there is none
}

// pageSize is the number of records that Each reads at a time.
const pageSize = 256

type guardedStore struct {
	db     database
	tables sync.Map // name to table
	held   sync.Map // name to the outbox that is open, or nil while it opens
	closed atomic.Bool
}

var _ Store = (*guardedStore)(nil)

func (s *guardedStore) Collection(ctx context.Context, name string) (Collection, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	t, ok := s.tables.Load(name)
	if !ok {
		opened, err := s.db.collection(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("open collection %q: %w", name, err)
		}
		t, _ = s.tables.LoadOrStore(name, opened)
	}
	return &guarded{store: s, table: t.(table), name: name}, nil
}

func (s *guardedStore) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	var errs []error
	s.held.Range(func(_, o any) bool {
		if o, ok := o.(*guardedOutbox); ok {
			errs = append(errs, o.Close())
		}
		return true
	})
	return errors.Join(append(errs, s.db.close())...)
}

func (s *guardedStore) ready(ctx context.Context) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

type guarded struct {
	store *guardedStore
	table table
	name  string
}

var _ Collection = (*guarded)(nil)

func (c *guarded) Get(ctx context.Context, key record.Key) (record.Record, error) {
	if err := c.store.ready(ctx); err != nil {
		return record.Record{}, err
	}
	r, err := c.table.get(ctx, key)
	return r, c.explain("get", err)
}

func (c *guarded) Put(ctx context.Context, recs []record.Record) ([]record.Record, error) {
	return c.put(ctx, "put", batch{records: recs})
}

func (c *guarded) Write(ctx context.Context, write int64, recs []record.Record) ([]record.Record, error) {
	return c.put(ctx, "write", batch{records: recs, entered: true, write: write})
}

func (c *guarded) Apply(ctx context.Context, recs []record.Record, next map[int]bus.Position) ([]record.Record, error) {
	return c.put(ctx, "apply to", batch{records: recs, next: next})
}

func (c *guarded) put(ctx context.Context, verb string, b batch) ([]record.Record, error) {
	if err := c.store.ready(ctx); err != nil {
		return nil, err
	}
	for i := range b.records {
		if err := checkRecord(&b.records[i]); err != nil {
			return nil, c.explain(verb, err)
		}
	}
	if len(b.records) == 0 && len(b.next) == 0 {
		return nil, nil
	}
	stored, err := c.table.put(ctx, b)
	if err != nil {
		return nil, c.explain(verb, err)
	}
	return stored, nil
}

func (c *guarded) Position(ctx context.Context) (map[int]bus.Position, error) {
	if err := c.store.ready(ctx); err != nil {
		return nil, err
	}
	next, err := c.table.position(ctx)
	return next, c.explain("read the position of", err)
}

func (c *guarded) Rewind(ctx context.Context, partition int) error {
	if err := c.store.ready(ctx); err != nil {
		return err
	}
	return c.explain("rewind", c.table.rewind(ctx, partition))
}

func (c *guarded) Each(ctx context.Context, fn func(record.Record) error) error {
	for from, more := record.Key(0), true; more; {
		if err := c.store.ready(ctx); err != nil {
			return err
		}
		page, err := c.table.page(ctx, from)
		if err != nil {
			return c.explain("read", err)
		}
		for _, r := range page {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := fn(r); err != nil {
				return err
			}
			from = r.Key + 1
		}
		// from is 0 again after the largest key there is.
		more = len(page) == pageSize && from != 0
	}
	return nil
}

func (c *guarded) Bytes(ctx context.Context) (int64, error) {
	if err := c.store.ready(ctx); err != nil {
		return 0, err
	}
	n, err := c.table.bytes(ctx)
	return n, c.explain("measure", err)
}

// explain names the collection in an error; ErrNotFound is an answer and stays.
func (c *guarded) explain(verb string, err error) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s collection %q: %w", verb, c.name, err)
}
