package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// keepBusy takes all that operations of a database wait for.
func keepBusy(t *testing.T, db database) (free func()) {
	t.Helper()
	writing := func(w turn) {
		if err := w.take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	switch db := db.(type) {
	case *bolt:
		writing(db.writing)
		return db.writing.end
	case *sqliteDB:
		writing(db.writing)
		var taken []*sqliteReader
		for range cap(db.readers) {
			taken = append(taken, <-db.readers)
		}
		return func() {
			db.writing.end()
			for _, r := range taken {
				db.readers <- r
			}
		}
	}
	t.Fatalf("%T", db)
	return nil
}

// While a database is busy, each operation waits, and for no longer than its caller
// does. Then it is as if it had never been asked for.
func TestEveryWaitEndsWithItsContext(t *testing.T) {
	for kind, reads := range map[Kind]bool{Sqlite: true, Bbolt: false} { // bbolt's readers wait for nobody
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			s, err := openKind(kind, dir, "a")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			c := collection(t, s, "users")
			write(t, c, 1, rec(1, 1))
			o, err := c.Outbox(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			waits := map[string]func(ctx context.Context) error{
				"put":   func(ctx context.Context) error { _, err := c.Put(ctx, []record.Record{rec(1, 2)}); return err },
				"write": func(ctx context.Context) error { _, err := c.Write(ctx, 2, []record.Record{rec(1, 2)}); return err },
				"apply": func(ctx context.Context) error {
					_, err := c.Apply(ctx, nil, map[int]bus.Position{0: at(7)})
					return err
				},
				"rewind":      func(ctx context.Context) error { return c.Rewind(ctx, 0) },
				"acknowledge": func(ctx context.Context) error { return o.Acknowledge(ctx, 1) },
				"collection":  func(ctx context.Context) error { _, err := s.Collection(ctx, "others"); return err },
			}
			if reads {
				waits["get"] = func(ctx context.Context) error { _, err := c.Get(ctx, 1); return err }
				waits["each"] = func(ctx context.Context) error { return c.Each(ctx, func(record.Record) error { return nil }) }
				waits["position"] = func(ctx context.Context) error { _, err := c.Position(ctx); return err }
				waits["bytes"] = func(ctx context.Context) error { _, err := c.Bytes(ctx); return err }
				waits["pending"] = func(ctx context.Context) error { _, _, err := o.Pending(ctx, 0, 1); return err }
			}
			free := keepBusy(t, s.(*guardedStore).db)
			for name, operation := range waits {
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				if err := operation(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 50*time.Millisecond {
					t.Errorf("%s: %s: %v after %v", kind, name, err, time.Since(begin))
				}
				cancel()
			}
			free()
			wantGet(t, c, rec(1, 1))
			if entries, _ := pending(t, o, 0, 10); len(entries) != 1 {
				t.Errorf("%s: %d entries in the outbox", kind, len(entries))
			}
			wantPosition(t, c, map[int]bus.Position{})
		})
	}
}

// Who waits goes on when it is his turn, in the order of coming.
func TestWhoWaitsIsServedInTurn(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, err := openKind(Sqlite, dir, "a")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		c := collection(t, s, "users")
		put(t, c, rec(1, 1))
		free := keepBusy(t, s.(*guardedStore).db)
		got := make(chan error, 2)
		go func() { _, err := c.Get(t.Context(), 1); got <- err }()
		go func() { _, err := c.Put(t.Context(), []record.Record{rec(1, 2)}); got <- err }()
		synctest.Wait()
		if len(got) != 0 {
			t.Error("a busy database has answered")
		}
		free()
		if err := errors.Join(<-got, <-got); err != nil {
			t.Error(err)
		}
		wantGet(t, c, rec(1, 2))
	})
}
