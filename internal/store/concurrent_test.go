package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/internal/record"
)

func TestConcurrentPutsKeepTheNewest(t *testing.T) {
	const writers, rounds = 8, 40
	onEachKind(t, func(t *testing.T, c Collection) {
		var group sync.WaitGroup
		stored := make([][]record.Record, writers)
		for w := range writers {
			group.Go(func() {
				for i := range rounds {
					// Each version of each key is put by exactly one writer, one or
					// several in a transaction, and the writers overtake one another.
					version := uint64(i*writers+w) + 1
					recs := []record.Record{rec(0, version)}
					if i%2 == 0 {
						recs = append(recs, rec(1, version), rec(2, version))
					}
					done, err := c.Put(context.Background(), recs)
					if err != nil {
						t.Error(err)
						return
					}
					stored[w] = append(stored[w], done...)
				}
			})
		}
		for range 2 {
			group.Go(func() { watch(t, c, rounds*writers) })
		}
		group.Wait()

		newest := map[record.Key]uint64{}
		for w := range stored {
			for _, r := range stored[w] {
				newest[r.Key] = max(newest[r.Key], r.Version)
			}
		}
		// Keys 1 and 2 are not in the last round, which is an odd one.
		for key, want := range []uint64{rounds * writers, (rounds - 1) * writers, (rounds - 1) * writers} {
			if got := newest[record.Key(key)]; got != want {
				t.Errorf("the newest version of key %d that was stored is %d, want %d", key, got, want)
			}
			wantGet(t, c, rec(record.Key(key), want))
		}
	})
}

// watch reads key 0 until it has the last version: whole, and never going back.
func watch(t *testing.T, c Collection, last uint64) {
	for seen := uint64(0); seen < last && !t.Failed(); {
		r, err := c.Get(context.Background(), 0)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil || r.Version < seen || !r.Intact("users", 40) {
			t.Errorf("got version %d after %d, intact %v, error %v", r.Version, seen, r.Intact("users", 40), err)
			return
		}
		seen = r.Version
	}
}

func TestConcurrentOpeningOfOneCollection(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s := openStore(t, kind, t.TempDir())
			var group sync.WaitGroup
			for key := range record.Key(8) {
				group.Go(func() {
					c, err := s.Collection(context.Background(), "users")
					if err == nil {
						_, err = c.Put(context.Background(), []record.Record{rec(key, 1)})
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if got := len(all(t, collection(t, s, "users"))); got != 8 {
				t.Errorf("%d records, want 8", got)
			}
		})
	}
}

// The clock of a bubble moves on only while all in it wait for time or for one
// another. So this measures exact times only if nothing is locked while a caller
// waits, and ends only if Close leaves no goroutine.
func TestStoresWorkUnderAFakeClock(t *testing.T) {
	for _, kind := range Local() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { useInBubble(t, kind, dir) })
			// The same engine again, in a bubble of its own and in none.
			synctest.Test(t, func(t *testing.T) { useInBubble(t, kind, t.TempDir()) })
			put(t, collection(t, openStore(t, kind, t.TempDir()), "users"), rec(1, 1))
		})
	}
}

func useInBubble(t *testing.T, kind Kind, dir string) {
	s, err := openKind(kind, dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	c := collection(t, s, "users")
	for key := range record.Key(10) {
		put(t, c, rec(key, 1))
	}
	start, ctx := time.Now(), t.Context()
	var group sync.WaitGroup
	group.Go(func() {
		if err := c.Each(ctx, func(record.Record) error { time.Sleep(10 * time.Millisecond); return nil }); err != nil {
			t.Error(err)
		}
	})
	for w := range 4 {
		group.Go(func() { growSlowly(ctx, t, c, fmt.Sprint(w), record.Key(1000*(w+1))) })
	}
	group.Wait()
	if took := time.Since(start); took != 100*time.Millisecond {
		t.Errorf("took %v, want 100ms", took)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// growSlowly takes 50 ms and puts so much that a file must grow under a reader.
func growSlowly(ctx context.Context, t *testing.T, c Collection, name string, first record.Key) {
	for i := range record.Key(50) {
		time.Sleep(time.Millisecond)
		r := record.Record{Key: first + i, Version: 1, Payload: record.Payload(name, i, 1, 10_000)}
		if _, err := c.Put(ctx, []record.Record{r}); err != nil {
			t.Error(err)
			return
		}
		if _, err := c.Get(ctx, r.Key); err != nil {
			t.Error(err)
			return
		}
	}
}
