package fakesvc

import (
	"context"

	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// faultyStore is a host's database with the faults of its services' databases: a
// process has one, so what is asked of any of them acts on all of it.
type faultyStore struct {
	store.Store
	host       *Host
	target     fault.Target
	seed       uint64
	faults     fault.Faults
	boundaries map[string]*fault.Boundary // by collection
}

// faulty returns the store of a host's configuration behind its faults.
func (h *Host) faulty(c HostConfig) store.Store {
	db := c.Store
	for _, s := range c.Services {
		target := fault.Target{Service: s, Part: fault.Store}
		if faults := c.Faults.At(target); len(faults) > 0 {
			f := &faultyStore{db, h, target, c.Seed, faults, make(map[string]*fault.Boundary)}
			h.databases = append(h.databases, f)
			db = f
		}
	}
	return db
}

// Collection returns the named collection. It is called before the host starts.
func (f *faultyStore) Collection(ctx context.Context, name string) (store.Collection, error) {
	c, err := f.Store.Collection(ctx, name)
	if err != nil {
		return nil, err
	}
	b, ok := f.boundaries[name]
	if !ok {
		b = fault.NewBoundary(f.target.String()+"/"+name, f.seed, f.faults)
		f.boundaries[name] = b
	}
	return &faultyCollection{c, f.host, b}, nil
}

func (f *faultyStore) statistics() []fault.Statistic {
	var out []fault.Statistic
	for _, b := range f.boundaries {
		out = append(out, b.Statistics()...)
	}
	return out
}

// faultyCollection has each look-up and each transaction pass the faults. Its
// errors by them are gRPC statuses.
type faultyCollection struct {
	store.Collection
	host     *Host
	boundary *fault.Boundary
}

func (c *faultyCollection) Get(ctx context.Context, key record.Key) (record.Record, error) {
	if err := c.pass(ctx, fault.Read); err != nil {
		return record.Record{}, err
	}
	return c.Collection.Get(ctx, key)
}

func (c *faultyCollection) Put(ctx context.Context, records []record.Record) ([]record.Record, error) {
	if err := c.pass(ctx, fault.Apply); err != nil {
		return nil, err
	}
	return c.Collection.Put(ctx, records)
}

func (c *faultyCollection) Write(ctx context.Context, write int64, records []record.Record) ([]record.Record, error) {
	if err := c.pass(ctx, fault.Apply); err != nil {
		return nil, err
	}
	return c.Collection.Write(ctx, write, records)
}

// Apply of no record is no use of the database that a fault is asked for.
func (c *faultyCollection) Apply(ctx context.Context, records []record.Record, next map[int]bus.Position) ([]record.Record, error) {
	if len(records) > 0 {
		if err := c.pass(ctx, fault.Apply); err != nil {
			return nil, err
		}
	}
	return c.Collection.Apply(ctx, records, next)
}

func (c *faultyCollection) pass(ctx context.Context, use fault.Use) error {
	request := RequestOf(ctx)
	i := fault.Interaction{Use: use, ID: request.ID, Try: request.Try, At: c.host.elapsed()}
	return c.boundary.PassBy(ctx, i, c.host.env.sleep())
}
