package store

import (
	"context"
	"testing"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// The benchmarks' collection: as large as the one that the reference figures of
// the design were taken with.
const (
	benchRecords = 100_000
	benchPayload = 200
)

func BenchmarkGet(b *testing.B) {
	eachKind(b, func(b *testing.B, c Collection) {
		ctx := b.Context()
		for i := 0; b.Loop(); i++ {
			if _, err := c.Get(ctx, scattered(i)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkGetParallel(b *testing.B) {
	eachKind(b, func(b *testing.B, c Collection) {
		// RunParallel, unlike Loop, would count the filling of the collection.
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				if _, err := c.Get(b.Context(), scattered(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
		b.StopTimer()
	})
}

// BenchmarkPut replaces one record a transaction.
func BenchmarkPut(b *testing.B) { benchmarkPut(b, 1) }

// BenchmarkPut100 replaces a hundred; the figure is for all of them.
func BenchmarkPut100(b *testing.B) { benchmarkPut(b, 100) }

// BenchmarkWrite is BenchmarkPut with an entry in the outbox.
func BenchmarkWrite(b *testing.B) {
	benchmark(b, 1, func(c Collection, i int, recs []record.Record) ([]record.Record, error) {
		return c.Write(context.Background(), int64(i), recs)
	})
}

// BenchmarkApply is BenchmarkPut with the position of a copy.
func BenchmarkApply(b *testing.B) { benchmarkApply(b, 1) }

// BenchmarkApply100 is BenchmarkPut100 with it.
func BenchmarkApply100(b *testing.B) { benchmarkApply(b, 100) }

func benchmarkApply(b *testing.B, size int) {
	benchmark(b, size, func(c Collection, i int, recs []record.Record) ([]record.Record, error) {
		return c.Apply(context.Background(), recs, map[int]bus.Position{0: at(int64(i))})
	})
}

// BenchmarkPublish is what a relay does for one write after another: it reads the
// entry and acknowledges it. The figure is of the write too.
func BenchmarkPublish(b *testing.B) {
	var outbox Outbox
	var of Collection
	benchmark(b, 1, func(c Collection, i int, recs []record.Record) ([]record.Record, error) {
		var err error
		if of != c {
			if outbox, err = c.Outbox(context.Background()); err != nil {
				return nil, err
			}
			of = c
		}
		stored, err := c.Write(context.Background(), int64(i), recs)
		if err != nil {
			return nil, err
		}
		entries, _, err := outbox.Pending(context.Background(), 0, 100)
		if err != nil {
			return nil, err
		}
		return stored, outbox.Acknowledge(context.Background(), entries[len(entries)-1].Seq)
	})
}

func benchmarkPut(b *testing.B, size int) {
	benchmark(b, size, func(c Collection, _ int, recs []record.Record) ([]record.Record, error) {
		return c.Put(context.Background(), recs)
	})
}

// benchmark replaces size records a transaction, by put.
func benchmark(b *testing.B, size int, put func(c Collection, i int, recs []record.Record) ([]record.Record, error)) {
	eachKind(b, func(b *testing.B, c Collection) {
		recs := make([]record.Record, size)
		payload := record.Payload("bench", 0, 0, benchPayload)
		for i := 0; b.Loop(); i++ {
			for j := range recs {
				recs[j] = record.Record{Key: scattered(i*size + j), Version: uint64(i) + 2, Payload: payload}
			}
			if stored, err := put(c, i, recs); err != nil || len(stored) != size {
				b.Fatal(len(stored), err)
			}
		}
	})
}

func eachKind(b *testing.B, run func(*testing.B, Collection)) {
	for _, kind := range kinds() {
		b.Run(string(kind), func(b *testing.B) {
			dir := b.TempDir()
			s, err := openKind(kind, dir, "bench")
			if err != nil {
				b.Fatal(err)
			}
			defer Remove(context.Background(), placeOf(dir), map[string]Spec{"bench": specOf(kind)})
			defer s.Close()
			run(b, benchCollection(b, s))
		})
	}
}

func benchCollection(b *testing.B, s Store) Collection {
	c, err := s.Collection(context.Background(), "users")
	if err != nil {
		b.Fatal(err)
	}
	recs := make([]record.Record, benchRecords)
	for i := range recs {
		key := record.Key(i)
		recs[i] = record.Record{Key: key, Version: 1, Payload: record.Payload("bench", key, 1, benchPayload)}
	}
	if _, err := c.Put(context.Background(), recs); err != nil {
		b.Fatal(err)
	}
	return c
}

// scattered visits the keys in an order without locality, each once per round.
func scattered(i int) record.Key { return record.Key(i * 7919 % benchRecords) }
