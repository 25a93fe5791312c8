package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"crosstalk/internal/record"
)

// database is what a kind implements: the storing. What all kinds have in
// common, the checks and the errors, is done once, by guardedStore.
type database interface {
	// collection opens a collection, created if absent. It may be called for one
	// name by several goroutines at once; only one of the tables is then used.
	collection(name string) (table, error)
	close() error
}

// table is one collection of a database. The records it is given are checked
// and normal ones; a method holds nothing when it returns.
type table interface {
	get(key record.Key) (record.Record, error)
	put(recs []record.Record) (stored []record.Record, err error)
	// page returns the first pageSize records from key from on, in ascending
	// order; fewer mean that there are no more.
	page(from record.Key) ([]record.Record, error)
	bytes() (int64, error)
}

// pageSize is the number of records that Each reads at a time.
const pageSize = 256

type guardedStore struct {
	db     database
	tables sync.Map // name to table
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
		opened, err := s.db.collection(name)
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
	return s.db.close()
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
	r, err := c.table.get(key)
	return r, c.explain("get", err)
}

func (c *guarded) Put(ctx context.Context, recs []record.Record) ([]record.Record, error) {
	if err := c.store.ready(ctx); err != nil {
		return nil, err
	}
	for i := range recs {
		if err := checkRecord(&recs[i]); err != nil {
			return nil, c.explain("put", err)
		}
	}
	if len(recs) == 0 {
		return nil, nil
	}
	stored, err := c.table.put(recs)
	if err != nil {
		return nil, c.explain("put", err)
	}
	return stored, nil
}

func (c *guarded) Each(ctx context.Context, fn func(record.Record) error) error {
	for from, more := record.Key(0), true; more; {
		if err := c.store.ready(ctx); err != nil {
			return err
		}
		page, err := c.table.page(from)
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
	n, err := c.table.bytes()
	return n, c.explain("measure", err)
}

// explain names the collection in an error; ErrNotFound is an answer and stays.
func (c *guarded) explain(verb string, err error) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		return err
	}
	return fmt.Errorf("%s collection %q: %w", verb, c.name, err)
}
