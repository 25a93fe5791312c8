package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"crosstalk/internal/record"
)

// onEachKind is the conformance suite's frame: a law holds for every kind.
func onEachKind(t *testing.T, law func(*testing.T, Collection)) {
	t.Helper()
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) { law(t, collection(t, openStore(t, kind, t.TempDir()), "users")) })
	}
}

func openStore(t *testing.T, kind Kind, dir string) Store {
	t.Helper()
	s, err := openKind(kind, dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), Remove(context.Background(), placeOf(dir), map[string]Spec{"a": specOf(kind)})); err != nil {
			t.Error(err)
		}
	})
	return s
}

// kinds are those that the laws are tried on: PostgreSQL only where there is one.
func kinds() []Kind {
	if os.Getenv(postgresVariable) == "" {
		return Local()
	}
	return append(Local(), Postgres)
}

// postgresVariable has the URL of a database for tests, as scripts/postgres prints it.
const postgresVariable = "CROSSTALK_POSTGRES"

func specOf(kind Kind) Spec {
	if kind == Postgres {
		return Spec{Kind: Postgres, URL: os.Getenv(postgresVariable)}
	}
	return Spec{Kind: kind}
}

// placeOf is a place that is the same for the same folder.
func placeOf(dir string) Place {
	return Place{Dir: dir, Run: fmt.Sprintf("crosstalk-test-%x", uint64(lockOf(dir)))}
}

func openKind(kind Kind, dir, name string) (Store, error) {
	return Open(context.Background(), specOf(kind), placeOf(dir), name)
}

func collection(t *testing.T, s Store, name string) Collection {
	t.Helper()
	c, err := s.Collection(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var written = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC)

func rec(key record.Key, version uint64) record.Record {
	return record.Record{
		Key: key, Version: version,
		WrittenAt: written.Add(time.Duration(version % 1000)),
		Payload:   record.Payload("users", key, version, 40),
	}
}

func put(t *testing.T, c Collection, recs ...record.Record) []record.Record {
	t.Helper()
	stored, err := c.Put(context.Background(), recs)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func wantStored(t *testing.T, got []record.Record, want ...record.Record) {
	t.Helper()
	if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
}

func wantGet(t *testing.T, c Collection, want record.Record) {
	t.Helper()
	got, err := c.Get(context.Background(), want.Key)
	if err != nil {
		t.Fatalf("get %d: %v", want.Key, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func all(t *testing.T, c Collection) (recs []record.Record) {
	t.Helper()
	if err := c.Each(context.Background(), func(r record.Record) error {
		recs = append(recs, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return recs
}

func TestGetReturnsWhatWasPut(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		zone := time.FixedZone("somewhere", 3600)
		for _, tt := range []struct {
			name      string
			put, want record.Record
		}{
			{"nanoseconds", rec(7, 1), rec(7, 1)},
			{"key 0", rec(0, 1), rec(0, 1)},
			{"key above MaxInt64", rec(math.MaxInt64+1, 1), rec(math.MaxInt64+1, 1)},
			{"largest key and version", rec(math.MaxUint64, math.MaxInt64), rec(math.MaxUint64, math.MaxInt64)},
			{
				"another zone",
				record.Record{Key: 8, Version: 1, WrittenAt: written.In(zone), Payload: []byte("x")},
				record.Record{Key: 8, Version: 1, WrittenAt: written, Payload: []byte("x")},
			},
			{"no time, no payload", record.Record{Key: 9, Version: 1}, record.Record{Key: 9, Version: 1}},
			{
				"empty payload",
				record.Record{Key: 10, Version: 1, Payload: []byte{}},
				record.Record{Key: 10, Version: 1},
			},
			{
				"before 1970",
				record.Record{Key: 11, Version: 1, WrittenAt: time.Unix(-1, 1).UTC()},
				record.Record{Key: 11, Version: 1, WrittenAt: time.Unix(-1, 1).UTC()},
			},
			{
				"larger than a page",
				record.Record{Key: 12, Version: 1, Payload: record.Payload("users", 12, 1, 100_000)},
				record.Record{Key: 12, Version: 1, Payload: record.Payload("users", 12, 1, 100_000)},
			},
		} {
			t.Run(tt.name, func(t *testing.T) {
				wantStored(t, put(t, c, tt.put), tt.put)
				wantGet(t, c, tt.want)
			})
		}
	})
}

func TestGetOfAnAbsentKeyIsErrNotFound(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		put(t, c, rec(1, 1))
		if r, err := c.Get(context.Background(), 2); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, %v, want ErrNotFound", r, err)
		}
	})
}

func TestOnlyANewerVersionReplaces(t *testing.T) {
	for _, tt := range []struct {
		name      string
		puts      [][]record.Record
		stored    []record.Record // by the last of the puts
		remaining []record.Record
	}{
		{"newer", [][]record.Record{{rec(1, 1)}, {rec(1, 2)}}, []record.Record{rec(1, 2)}, []record.Record{rec(1, 2)}},
		{"again", [][]record.Record{{rec(1, 2)}, {rec(1, 2)}}, nil, []record.Record{rec(1, 2)}},
		{"older", [][]record.Record{{rec(1, 3)}, {rec(1, 2)}}, nil, []record.Record{rec(1, 3)}},
		{
			"some of several",
			[][]record.Record{{rec(1, 5), rec(2, 5)}, {rec(3, 1), rec(2, 4), rec(1, 6)}},
			[]record.Record{rec(3, 1), rec(1, 6)},
			[]record.Record{rec(1, 6), rec(2, 5), rec(3, 1)},
		},
		{
			"none of several",
			[][]record.Record{{rec(1, 5), rec(2, 5)}, {rec(1, 5), rec(2, 4)}},
			nil,
			[]record.Record{rec(1, 5), rec(2, 5)},
		},
		{
			"one key twice, ascending",
			[][]record.Record{{rec(1, 1), rec(1, 2)}},
			[]record.Record{rec(1, 1), rec(1, 2)},
			[]record.Record{rec(1, 2)},
		},
		{
			"one key twice, descending",
			[][]record.Record{{rec(1, 2), rec(1, 1)}},
			[]record.Record{rec(1, 2)},
			[]record.Record{rec(1, 2)},
		},
		{"nothing", [][]record.Record{{}}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEachKind(t, func(t *testing.T, c Collection) {
				var stored []record.Record
				for _, recs := range tt.puts {
					stored = put(t, c, recs...)
				}
				wantStored(t, stored, tt.stored...)
				if got := all(t, c); !reflect.DeepEqual(got, tt.remaining) {
					t.Errorf("remaining %v, want %v", got, tt.remaining)
				}
			})
		})
	}
}

func TestPayloadsAreNotShared(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		given := rec(1, 1)
		put(t, c, given)
		clear(given.Payload)
		wantGet(t, c, rec(1, 1))

		got, err := c.Get(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		clear(got.Payload)
		clear(all(t, c)[0].Payload)
		wantGet(t, c, rec(1, 1))

		kept, err := c.Get(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		put(t, c, rec(1, 2), rec(2, 1))
		if !reflect.DeepEqual(kept, rec(1, 1)) {
			t.Errorf("a later Put changed what Get had returned: %v", kept)
		}
	})
}

func TestPutRefusesWhatNotEveryKindCanHold(t *testing.T) {
	for _, tt := range []struct {
		name string
		bad  record.Record
		want string
	}{
		{"version 0", rec(7, 0), `put collection "users": key 7: version 0 is not in 1..9223372036854775807`},
		{
			"version above MaxInt64", rec(7, math.MaxInt64+1),
			`put collection "users": key 7: version 9223372036854775808 is not in 1..9223372036854775807`,
		},
		{
			"too early", record.Record{Key: 7, Version: 1, WrittenAt: time.Date(1677, 1, 1, 0, 0, 0, 0, time.UTC)},
			`put collection "users": key 7: written at 1677-01-01 00:00:00 +0000 UTC: not in 1678..2261`,
		},
		{
			"too late", record.Record{Key: 7, Version: 1, WrittenAt: time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)},
			`put collection "users": key 7: written at 2262-01-01 00:00:00 +0000 UTC: not in 1678..2261`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onEachKind(t, func(t *testing.T, c Collection) {
				stored, err := c.Put(context.Background(), []record.Record{rec(1, 1), tt.bad})
				if err == nil || err.Error() != tt.want {
					t.Errorf("error %v, want %s", err, tt.want)
				}
				wantStored(t, stored)
				if got := all(t, c); got != nil {
					t.Errorf("a refused Put stored %v", got)
				}
			})
		})
	}
}

func TestEachAscendsOverPages(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		var recs, want []record.Record
		for i := range 2*pageSize + 3 {
			want = append(want, rec(record.Key(3*i), 1))
		}
		for _, key := range []record.Key{math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64 - 1, math.MaxUint64} {
			want = append(want, rec(key, 1))
		}
		for i := range want {
			recs = append(recs, want[i*7%len(want)])
		}
		put(t, c, recs...)
		if got := all(t, c); !reflect.DeepEqual(got, want) {
			t.Errorf("got %d records, want %d in ascending order", len(got), len(want))
		}
	})
}

// A full page that ends at a border of the key range, or right before it, is where paging
// goes wrong.
func TestEachEndsWithAFullPage(t *testing.T) {
	for _, keys := range []struct {
		first record.Key
		n     int
	}{{0, pageSize}, {math.MaxInt64 - pageSize, pageSize + 1}, {math.MaxInt64 - pageSize + 1, pageSize}, {math.MaxInt64 - 2, pageSize + 10}, {math.MaxUint64 - pageSize + 1, pageSize}} {
		t.Run(fmt.Sprint(keys.first), func(t *testing.T) {
			onEachKind(t, func(t *testing.T, c Collection) {
				var want []record.Record
				for i := range keys.n {
					want = append(want, rec(keys.first+record.Key(i), 1))
				}
				put(t, c, want...)
				if got := all(t, c); !reflect.DeepEqual(got, want) {
					t.Errorf("got %d records, want %d", len(got), len(want))
				}
			})
		})
	}
}

func TestEachSeesWhatWasPutSinceTheLast(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		var want []record.Record
		for key := range record.Key(3) {
			want = append(want, rec(key, 1))
			put(t, c, rec(key, 1))
			if got := all(t, c); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
	})
}

func TestEachStopsAtAnError(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		put(t, c, rec(1, 1), rec(2, 1), rec(3, 1))
		stop, seen := errors.New("enough"), []record.Key(nil)
		err := c.Each(context.Background(), func(r record.Record) error {
			if seen = append(seen, r.Key); r.Key == 2 {
				return stop
			}
			return nil
		})
		if err != stop || !slices.Equal(seen, []record.Key{1, 2}) {
			t.Errorf("saw %v, error %v", seen, err)
		}
	})
}

func TestEachMayUseTheCollection(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		put(t, c, rec(1, 1), rec(2, 1))
		if err := c.Each(context.Background(), func(r record.Record) error {
			put(t, c, rec(r.Key, 2))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		wantGet(t, c, rec(1, 2))
		wantGet(t, c, rec(2, 2))
	})
}

func TestACancelledContextStopsEveryOperation(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		put(t, c, rec(1, 1), rec(2, 1))
		ctx, cancel := context.WithCancel(context.Background())
		seen := 0
		if err := c.Each(ctx, func(record.Record) error { seen++; cancel(); return nil }); err != context.Canceled || seen != 1 {
			t.Errorf("Each saw %d records, error %v", seen, err)
		}
		wantErrors(ctx, t, c, context.Canceled)
		wantGet(t, c, rec(1, 1))
	})
}

func TestAClosedStoreSaysSo(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s := openStore(t, kind, t.TempDir())
			c := collection(t, s, "users")
			for range 2 {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			wantErrors(context.Background(), t, c, ErrClosed)
			if _, err := s.Collection(context.Background(), "users"); err != ErrClosed {
				t.Errorf("Collection: error %v", err)
			}
		})
	}
}

func wantErrors(ctx context.Context, t *testing.T, c Collection, want error) {
	t.Helper()
	if _, err := c.Get(ctx, 1); err != want {
		t.Errorf("Get: error %v, want %v", err, want)
	}
	if stored, err := c.Put(ctx, []record.Record{rec(1, 2)}); err != want || stored != nil {
		t.Errorf("Put: stored %v, error %v, want %v", stored, err, want)
	}
	if err := c.Each(ctx, func(record.Record) error { return nil }); err != want {
		t.Errorf("Each: error %v, want %v", err, want)
	}
	if _, err := c.Bytes(ctx); err != want {
		t.Errorf("Bytes: error %v, want %v", err, want)
	}
}
