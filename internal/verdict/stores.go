package verdict

import (
	"context"
	"fmt"
	"strings"
	"time"

	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// Store is what one kind of database takes for the work of two roles.
type Store struct {
	Kind store.Kind
	// Write is what an owner waits for one write, Apply what a replica waits for a
	// change where it applies a hundred at once, Read what either waits for a
	// look-up; in seconds, the mean.
	Write, Apply, Read float64
}

// How much each is measured by.
const (
	storeKeys  = 10_000
	storeBatch = 100
	storeOps   = 2_000
)

// Stores measures every kind of database in files below dir.
func Stores(ctx context.Context, dir string) ([]Store, error) {
	var out []Store
	for _, kind := range store.Kinds() {
		s, err := measure(ctx, kind, dir)
		if err != nil {
			return nil, fmt.Errorf("measure the store %s: %w", kind, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func measure(ctx context.Context, kind store.Kind, dir string) (s Store, err error) {
	s.Kind = kind
	db, err := store.Open(kind, dir, "verdict")
	if err != nil {
		return s, err
	}
	defer db.Close()
	c, err := db.Collection(ctx, "records")
	if err != nil {
		return s, err
	}
	version := uint64(0)
	put := func(n int) error {
		version++
		records := make([]record.Record, n)
		for i := range records {
			key := record.Key((uint64(i) + version*7919) % storeKeys)
			records[i] = record.Record{Key: key, Version: version, WrittenAt: time.Now(), Payload: make([]byte, 128)}
		}
		_, err := c.Put(ctx, records)
		return err
	}
	for range storeKeys / storeBatch * 2 {
		if err := put(storeBatch); err != nil {
			return s, err
		}
	}
	if s.Apply, err = mean(storeOps/storeBatch, func(int) error { return put(storeBatch) }); err != nil {
		return s, err
	}
	s.Apply /= storeBatch
	if s.Write, err = mean(storeOps, func(int) error { return put(1) }); err != nil {
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
	var sql, kv Store
	var parts []string
	for _, s := range e.Stores {
		parts = append(parts, fmt.Sprintf("%s: write %s, apply %s, look-up %s", s.Kind, ms(s.Write), ms(s.Apply), ms(s.Read)))
		switch s.Kind {
		case store.Sqlite:
			sql = s
		case store.Bbolt:
			kv = s
		}
	}
	if sql.Read == 0 || kv.Read == 0 {
		return "", "", false
	}
	figure := strings.Join(parts, "; ")
	if (sql.Write < kv.Write) == (sql.Read < kv.Read) {
		better := store.Sqlite
		if kv.Read < sql.Read {
			better = store.Bbolt
		}
		return Depends, fmt.Sprintf("on the role only in degree: %s is better at both; %s", better, figure), true
	}
	return Holds, "an owner that writes and a replica that reads want different ones; " + figure, true
}
