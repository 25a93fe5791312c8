package verdict

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// Store is what one kind of database takes for the work of two roles.
type Store struct {
	Kind store.Kind
	// Write is what an owner waits for one write with its entry in the outbox, Apply
	// what a replica waits for a change where it applies a hundred at once, Read what either waits for a
	// look-up; in seconds, the mean.
	Write, Apply, Read float64
}

// How much each is measured by.
const (
	storeKeys  = 10_000
	storeBatch = 100
	storeOps   = 2_000
)

// Databases are those that Stores is to measure: the local kinds, and each
// PostgreSQL database that the experiment names.
func Databases(base *experiment.Experiment) []store.Spec {
	var specs []store.Spec
	for _, kind := range store.Local() {
		specs = append(specs, store.Spec{Kind: kind})
	}
	for _, s := range base.Services {
		if spec := base.StoreOf(s.Name); spec.Kind == store.Postgres && !slices.Contains(specs, spec) {
			specs = append(specs, spec)
		}
	}
	return specs
}

// Stores measures databases, in files and schemas of their own at place.
func Stores(ctx context.Context, specs []store.Spec, place store.Place) ([]Store, error) {
	var out []Store
	for i, spec := range specs {
		s, err := measure(ctx, spec, place, fmt.Sprintf("verdict-%d", i))
		if err != nil {
			return nil, fmt.Errorf("measure the store %s: %w", spec, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func measure(ctx context.Context, spec store.Spec, place store.Place, name string) (s Store, err error) {
	s.Kind = spec.Kind
	db, err := store.Open(ctx, spec, place, name)
	if err != nil {
		return s, err
	}
	defer func() {
		err = errors.Join(err, db.Close(), store.Remove(context.WithoutCancel(ctx), place, map[string]store.Spec{name: spec}))
	}()
	c, err := db.Collection(ctx, "records")
	if err != nil {
		return s, err
	}
	l := &lab{Collection: c}
	for range storeKeys / storeBatch * 2 {
		if err := l.apply(ctx); err != nil {
			return s, err
		}
	}
	if s.Apply, err = mean(storeOps/storeBatch, func(int) error { return l.apply(ctx) }); err != nil {
		return s, err
	}
	s.Apply /= storeBatch
	if s.Write, err = mean(storeOps, func(i int) error { return l.write(ctx, int64(i)) }); err != nil {
		return s, err
	}
	s.Read, err = mean(storeOps, func(i int) error {
		_, err := c.Get(ctx, record.Key((i*7919)%storeKeys))
		if err != nil && err != store.ErrNotFound {
			return err
		}
		return nil
	})
	return s, err
}

// lab does the work of the two roles.
type lab struct {
	store.Collection
	version uint64
}

// write is what an owner does: the record and its entry in the outbox.
func (l *lab) write(ctx context.Context, write int64) error {
	_, err := l.Write(ctx, write, l.records(1))
	return err
}

// apply is what a replica does: changes and how far it is.
func (l *lab) apply(ctx context.Context) error {
	_, err := l.Apply(ctx, l.records(storeBatch), map[int]bus.Position{0: {Next: int64(l.version+1) * storeBatch, Sum: l.version}})
	return err
}

func (l *lab) records(n int) []record.Record {
	l.version++
	records := make([]record.Record, n)
	for i := range records {
		key := record.Key((uint64(i) + l.version*7919) % storeKeys)
		records[i] = record.Record{Key: key, Version: l.version, WrittenAt: time.Now(), Payload: make([]byte, 128)}
	}
	return records
}

func mean(n int, do func(i int) error) (float64, error) {
	began := time.Now()
	for i := range n {
		if err := do(i); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds() / float64(n), nil
}

// otherDatabase: of the databases that outlive their process, which is the best
// depends on the role.
func otherDatabase(e Evidence) (Ruling, string, bool) {
	var parts []string
	var lasting []Store
	for _, s := range e.Stores {
		parts = append(parts, fmt.Sprintf("%s: write %s, apply %s, look-up %s", s.Kind, ms(s.Write), ms(s.Apply), ms(s.Read)))
		if s.Kind != store.Memory {
			lasting = append(lasting, s)
		}
	}
	if len(lasting) < 2 {
		return "", "", false
	}
	figure := strings.Join(parts, "; ")
	best := func(of func(s Store) float64) store.Kind {
		return slices.MinFunc(lasting, func(a, b Store) int { return cmp.Compare(of(a), of(b)) }).Kind
	}
	writer, reader := best(func(s Store) float64 { return s.Write }), best(func(s Store) float64 { return s.Read })
	if writer == reader {
		return Depends, fmt.Sprintf("on the role only in degree: %s is better at both; %s", writer, figure), true
	}
	return Holds, "an owner that writes and a replica that reads want different ones; " + figure, true
}
