package store

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"crosstalk/internal/record"
)

func TestCollectionsAreApart(t *testing.T) {
	names := []string{"users", "Users", "USERS", "user.s", "1", "-", "..", "sqlite_master", "select", "sum"}
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s := openStore(t, kind, t.TempDir())
			for i, name := range names {
				put(t, collection(t, s, name), rec(record.Key(i), 1))
			}
			for i, name := range names {
				if got, want := all(t, collection(t, s, name)), []record.Record{rec(record.Key(i), 1)}; !reflect.DeepEqual(got, want) {
					t.Errorf("collection %s has %v, want %v", name, got, want)
				}
			}
		})
	}
}

func TestNamesAreChecked(t *testing.T) {
	for name, want := range map[string]string{
		"":        "name is empty",
		"a b":     `name "a b" has ' ': want letters, digits, '_', '-' and '.'`,
		`a"b`:     `name "a\"b" has '"': want letters, digits, '_', '-' and '.'`,
		"../a":    `name "../a" has '/': want letters, digits, '_', '-' and '.'`,
		"straße":  `name "straße" has 'ß': want letters, digits, '_', '-' and '.'`,
		"a\x00":   `name "a\x00" has '\x00': want letters, digits, '_', '-' and '.'`,
		"a';drop": `name "a';drop" has '\'': want letters, digits, '_', '-' and '.'`,
	} {
		for _, kind := range kinds() {
			if _, err := openStore(t, kind, t.TempDir()).Collection(context.Background(), name); err == nil || err.Error() != want {
				t.Errorf("%s: collection %q: error %v, want %s", kind, name, err, want)
			}
			if _, err := openKind(kind, t.TempDir(), name); err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s: store %q: error %v, want %s", kind, name, err, want)
			}
		}
	}
}

func TestReopenKeepsTheData(t *testing.T) {
	for _, kind := range []Kind{Sqlite, Bbolt} {
		t.Run(string(kind), func(t *testing.T) {
			// The characters have a meaning in a URI, as which SQLite takes the path.
			dir := filepath.Join(t.TempDir(), "new", "a b?c#d%20&e=f")
			s := openStore(t, kind, dir)
			put(t, collection(t, s, "users"), rec(1, 2), rec(math.MaxUint64, 1))
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 1 || filepath.Base(files[0]) != "a."+string(kind) {
				t.Errorf("the folder has %q", files)
			}
			c := collection(t, openStore(t, kind, dir), "users")
			if got, want := all(t, c), []record.Record{rec(1, 2), rec(math.MaxUint64, 1)}; !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			wantStored(t, put(t, c, rec(1, 2), rec(1, 3)), rec(1, 3))
		})
	}
}

// A copy of the files while they are open is what the end of the process leaves.
func TestDataSurvivesTheEndOfTheProcess(t *testing.T) {
	for _, kind := range []Kind{Sqlite, Bbolt} {
		t.Run(string(kind), func(t *testing.T) {
			dir, copied := t.TempDir(), filepath.Join(t.TempDir(), "copy")
			put(t, collection(t, openStore(t, kind, dir), "users"), rec(1, 1), rec(2, 1))
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			got := all(t, collection(t, openStore(t, kind, copied), "users"))
			if want := []record.Record{rec(1, 1), rec(2, 1)}; !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestBytesGrowWithTheRecords(t *testing.T) {
	onEachKind(t, func(t *testing.T, c Collection) {
		last := bytesOf(t, c)
		for round, count := range []int{1, 200, 2000} {
			var recs []record.Record
			for i := range count {
				recs = append(recs, rec(record.Key(1000*round+i), 1))
			}
			put(t, c, recs...)
			now := bytesOf(t, c)
			// A page may have had room for the first record.
			if now < last || round > 0 && now <= last {
				t.Errorf("%d bytes after %d more records, %d before", now, count, last)
			}
			last = now
		}
		if payloads := int64(2201 * 40); last < payloads || last > 10*payloads {
			t.Errorf("%d bytes for %d bytes of payload", last, payloads)
		}
	})
}

func bytesOf(t *testing.T, c Collection) int64 {
	t.Helper()
	n, err := c.Bytes(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBytesAreOfOneCollection(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s := openStore(t, kind, t.TempDir())
			a, b := collection(t, s, "users"), collection(t, s, "Users")
			put(t, a, rec(1, 1))
			before := bytesOf(t, a)
			var recs []record.Record
			for i := range 1000 {
				recs = append(recs, rec(record.Key(i), 1))
			}
			put(t, b, recs...)
			if after := bytesOf(t, a); after != before || before == 0 {
				t.Errorf("%d bytes, %d once another collection had grown", before, after)
			}
		})
	}
}

func TestMemoryCountsTheBytesOfWhatItHolds(t *testing.T) {
	c := collection(t, openStore(t, Memory, ""), "users")
	put(t, c, rec(1, 1), rec(2, 1))
	put(t, c, record.Record{Key: 2, Version: 2, Payload: []byte("abc")})
	if got, want := bytesOf(t, c), sizeOf(rec(1, 1))+sizeOf(record.Record{})+3; got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}
