package store

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

func outboxOf(t *testing.T, c Collection) Outbox {
	t.Helper()
	o, err := c.Outbox(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func write(t *testing.T, c Collection, number int64, recs ...record.Record) []record.Record {
	t.Helper()
	stored, err := c.Write(context.Background(), number, recs)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func pending(t *testing.T, o Outbox, after int64, n int) ([]Entry, bool) {
	t.Helper()
	entries, more, err := o.Pending(context.Background(), after, n)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Seq <= after {
			t.Errorf("Seq %d after %d", e.Seq, after)
		}
		after = e.Seq
	}
	return entries, more
}

// wantPending compares the entries but for Seq, which may leave out numbers.
func wantPending(t *testing.T, got []Entry, want ...Entry) {
	t.Helper()
	plain := make([]Entry, len(got))
	for i, e := range got {
		plain[i] = Entry{Write: e.Write, Record: e.Record}
	}
	if len(plain) != len(want) || len(want) > 0 && !reflect.DeepEqual(plain, want) {
		t.Errorf("pending %v, want %v", got, want)
	}
}

func acknowledge(t *testing.T, o Outbox, upTo int64) {
	t.Helper()
	if err := o.Acknowledge(context.Background(), upTo); err != nil {
		t.Fatal(err)
	}
}

func TestTheOutboxHasWhatWriteStored(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		o := outboxOf(t, c)
		wantStored(t, write(t, c, 7, rec(1, 1)), rec(1, 1))
		wantStored(t, put(t, c, rec(2, 1)), rec(2, 1))
		wantStored(t, write(t, c, -1, rec(1, 3), rec(1, 2), rec(2, 2), rec(3, 1), rec(3, 2)), rec(1, 3), rec(2, 2), rec(3, 1), rec(3, 2))
		wantStored(t, write(t, c, 8, rec(1, 3)))
		wantStored(t, write(t, c, 9))
		put(t, c, rec(2, 3)) // what was written before and is put now is not published again
		entries, more := pending(t, o, 0, 100)
		wantPending(t, entries, Entry{0, 7, rec(1, 1)}, Entry{0, -1, rec(1, 3)}, Entry{0, -1, rec(2, 2)}, Entry{0, -1, rec(3, 1)}, Entry{0, -1, rec(3, 2)})
		if more {
			t.Error("there is more")
		}
		wantGet(t, c, rec(1, 3))
		wantGet(t, c, rec(2, 3))
	})
}

func TestPendingReadsOnAndAcknowledgeRemoves(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		o := outboxOf(t, c)
		for version := range uint64(5) {
			write(t, c, int64(version), rec(1, version+1))
		}
		first, more := pending(t, o, 0, 2)
		wantPending(t, first, Entry{0, 0, rec(1, 1)}, Entry{0, 1, rec(1, 2)})
		if !more {
			t.Error("three more are kept silent")
		}
		rest, more := pending(t, o, first[1].Seq, 10)
		wantPending(t, rest, Entry{0, 2, rec(1, 3)}, Entry{0, 3, rec(1, 4)}, Entry{0, 4, rec(1, 5)})
		if more {
			t.Error("there is more")
		}
		acknowledge(t, o, first[1].Seq)
		left, _ := pending(t, o, 0, 10)
		wantPending(t, left, Entry{0, 2, rec(1, 3)}, Entry{0, 3, rec(1, 4)}, Entry{0, 4, rec(1, 5)})
		acknowledge(t, o, rest[2].Seq)
		acknowledge(t, o, rest[2].Seq)
		left, _ = pending(t, o, 0, 10)
		wantPending(t, left)
		// A number is not used again: whoever reads on finds what comes.
		write(t, c, 5, rec(1, 6))
		left, _ = pending(t, o, rest[2].Seq, 10)
		wantPending(t, left, Entry{0, 5, rec(1, 6)})
	})
}

func TestPendingIsBoundedInBytes(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		o := outboxOf(t, c)
		for key := range record.Key(4) {
			write(t, c, 0, record.Record{Key: key, Version: 1, Payload: record.Payload("users", key, 1, 3<<20)})
		}
		var all []Entry
		for after, more := int64(0), true; more; {
			var entries []Entry
			if entries, more = pending(t, o, after, 100); len(entries) > 3 {
				t.Errorf("%d entries of 3 MiB at once", len(entries))
			}
			for _, e := range entries {
				if !e.Record.Intact("users", 3<<20) {
					t.Errorf("key %d is not intact", e.Record.Key)
				}
				after = e.Seq
			}
			all = append(all, entries...)
		}
		if len(all) != 4 {
			t.Errorf("%d entries, want 4", len(all))
		}
	})
}

func TestEntriesAreNotShared(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		o, given := outboxOf(t, c), rec(1, 1)
		write(t, c, 0, given)
		clear(given.Payload)
		entries, _ := pending(t, o, 0, 1)
		wantPending(t, entries, Entry{0, 0, rec(1, 1)})
		clear(entries[0].Record.Payload)
		entries, _ = pending(t, o, 0, 1)
		wantPending(t, entries, Entry{0, 0, rec(1, 1)})
		wantGet(t, c, rec(1, 1))
	})
}

func TestTheOutboxIsForOneAtATime(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, kind, dir)
			users := collection(t, s, "users")
			write(t, users, 1, rec(1, 1))
			held := outboxOf(t, users)
			others := []Collection{users, collection(t, s, "users")}
			if kind.Shared() {
				others = append(others, collection(t, openStore(t, kind, dir), "users"))
			}
			for _, other := range others {
				if _, err := other.Outbox(context.Background()); !errors.Is(err, ErrHeld) {
					t.Errorf("error %v, want ErrHeld", err)
				}
				write(t, other, 1, rec(2, 1)) // of which writers feel nothing
			}
			outboxOf(t, collection(t, s, "Users")) // another collection's
			for range 2 {
				if err := held.Close(); err != nil {
					t.Error(err)
				}
			}
			if _, _, err := held.Pending(context.Background(), 0, 1); err == nil {
				t.Error("a closed outbox can be read")
			}
			if err := held.Acknowledge(context.Background(), 1); err == nil {
				t.Error("a closed outbox can be acknowledged")
			}
			last := outboxOf(t, others[len(others)-1])
			if entries, _ := pending(t, last, 0, 10); len(entries) != 2 {
				t.Errorf("%v", entries)
			}
		})
	}
}

// Writers of several processes race for the same keys while one reads on: no entry
// may appear behind it, and a key's versions come in their order.
func TestConcurrentWritesAreEnteredInOrder(t *testing.T) {
	const writers, rounds = 6, 60
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, kind, dir)
			second := s
			if kind.Shared() {
				second = openStore(t, kind, dir)
			}
			o := outboxOf(t, collection(t, s, "users"))
			var group sync.WaitGroup
			stored := make([]int, writers)
			for w := range writers {
				c := collection(t, []Store{s, second}[w%2], "users")
				group.Go(func() {
					for i := range rounds {
						recs := []record.Record{rec(record.Key(i%3), uint64(i*writers+w)+1)}
						if i%4 == 0 {
							recs = append(recs, rec(3, uint64(i*writers+w)+1))
						}
						done, err := c.Write(context.Background(), int64(w), recs)
						if err != nil {
							t.Error(err)
							return
						}
						stored[w] += len(done)
					}
				})
			}
			finished := make(chan struct{})
			go func() { group.Wait(); close(finished) }()
			newest, seen, after := map[record.Key]uint64{}, 0, int64(0)
			for more, last := true, false; more || !last; {
				select {
				case <-finished:
					last = true
				default:
				}
				var entries []Entry
				entries, more = pending(t, o, after, 10)
				for _, e := range entries {
					if e.Record.Version <= newest[e.Record.Key] {
						t.Fatalf("key %d: version %d after %d", e.Record.Key, e.Record.Version, newest[e.Record.Key])
					}
					newest[e.Record.Key], after = e.Record.Version, e.Seq
				}
				seen += len(entries)
			}
			want := 0
			for _, n := range stored {
				want += n
			}
			if seen != want {
				t.Errorf("%d entries were read, %d were written", seen, want)
			}
		})
	}
}

func apply(t *testing.T, c Collection, next map[int]bus.Position, recs ...record.Record) []record.Record {
	t.Helper()
	stored, err := c.Apply(context.Background(), recs, next)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// at is a position whose sum no int64 holds, and no other offset has.
func at(next int64) bus.Position { return bus.Position{Next: next, Sum: ^uint64(next)} }

func wantPosition(t *testing.T, c Collection, want map[int]bus.Position) {
	t.Helper()
	got, err := c.Position(context.Background())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("position %v, error %v, want %v", got, err, want)
	}
}

func TestApplyKeepsThePositionAndNeverGoesBack(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		wantPosition(t, c, map[int]bus.Position{})
		wantStored(t, apply(t, c, map[int]bus.Position{0: at(3)}, rec(1, 1), rec(2, 2)), rec(1, 1), rec(2, 2))
		wantPosition(t, c, map[int]bus.Position{0: at(3)})
		wantStored(t, apply(t, c, map[int]bus.Position{0: at(2), 5: at(1 << 40)}, rec(1, 1)))
		wantStored(t, apply(t, c, map[int]bus.Position{0: {Next: 3}}))
		wantPosition(t, c, map[int]bus.Position{0: at(3), 5: at(1 << 40)})
		wantStored(t, apply(t, c, map[int]bus.Position{0: at(9)}))
		wantStored(t, apply(t, c, nil, rec(1, 2)), rec(1, 2))
		wantPosition(t, c, map[int]bus.Position{0: at(9), 5: at(1 << 40)})
		o := outboxOf(t, c)
		entries, _ := pending(t, o, 0, 10)
		wantPending(t, entries) // a copy publishes nothing
		if _, err := c.Apply(context.Background(), []record.Record{rec(1, 0)}, map[int]bus.Position{0: at(10)}); err == nil {
			t.Error("a record that is refused is applied")
		}
		wantPosition(t, c, map[int]bus.Position{0: at(9), 5: at(1 << 40)})
	})
}

// Where a partition's log has lost what it had, the position goes back, in it alone.
func TestRewind(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		apply(t, c, map[int]bus.Position{0: at(9), 5: at(7)}, rec(1, 1))
		for range 2 {
			if err := c.Rewind(context.Background(), 0); err != nil {
				t.Fatal(err)
			}
			wantPosition(t, c, map[int]bus.Position{5: at(7)})
		}
		apply(t, c, map[int]bus.Position{0: {}})
		wantPosition(t, c, map[int]bus.Position{0: {}, 5: at(7)})
		apply(t, c, map[int]bus.Position{0: at(3)})
		wantPosition(t, c, map[int]bus.Position{0: at(3), 5: at(7)})
	})
}

func TestReopenKeepsOutboxAndPosition(t *testing.T) {
	for _, kind := range kinds() {
		if kind == Memory {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			dir, ctx := t.TempDir(), context.Background()
			var last int64
			for round := range uint64(3) {
				s, err := openKind(kind, dir, "a")
				if err != nil {
					t.Fatal(err)
				}
				c := collection(t, s, "users")
				if round == 0 {
					defer Remove(ctx, placeOf(dir), map[string]Spec{"a": specOf(kind)})
				} else {
					wantPosition(t, c, map[int]bus.Position{0: at(int64(round))})
				}
				o, err := c.Outbox(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if round == 2 { // all was acknowledged before it was closed, and no number comes again
					entries, _ := pending(t, o, 0, 10)
					wantPending(t, entries)
				}
				write(t, c, int64(round), rec(1, round+1))
				apply(t, c, map[int]bus.Position{0: at(int64(round) + 1)})
				entries, _ := pending(t, o, last, 10)
				if len(entries) != 1 || entries[0].Write != int64(round) {
					t.Fatalf("round %d: after %d: %v", round, last, entries)
				}
				if last = entries[0].Seq; round == 1 {
					acknowledge(t, o, last)
				}
				if err := errors.Join(o.Close(), s.Close()); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestAClosedStoreClosesItsOutbox(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			s, err := openKind(kind, dir, "a")
			if err != nil {
				t.Fatal(err)
			}
			defer Remove(context.Background(), placeOf(dir), map[string]Spec{"a": specOf(kind)})
			c := collection(t, s, "users")
			o := outboxOf(t, c)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, _, err := o.Pending(context.Background(), 0, 1); err == nil {
				t.Error("the outbox of a closed store can be read")
			}
			ctx := context.Background()
			_, err = c.Outbox(ctx)
			_, write := c.Write(ctx, 0, []record.Record{rec(1, 1)})
			_, apply := c.Apply(ctx, nil, map[int]bus.Position{0: at(1)})
			_, position := c.Position(ctx)
			for what, err := range map[string]error{"Outbox": err, "Write": write, "Apply": apply, "Position": position} {
				if err != ErrClosed {
					t.Errorf("%s: error %v, want ErrClosed", what, err)
				}
			}
		})
	}
}
