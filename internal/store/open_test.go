package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"

	"go.etcd.io/bbolt"
)

func TestOpenNamesTheFolderThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []Kind{Sqlite, Bbolt} {
		want := `open store "a": mkdir ` + file + `: not a directory`
		if _, err := openKind(kind, file, "a"); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", kind, err, want)
		}
		if _, err := openKind(kind, "", "a"); err == nil || err.Error() != `open store "a": no folder given` {
			t.Errorf("%s: error %v", kind, err)
		}
	}
}

func TestOpenInAReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []Kind{Sqlite, Bbolt} {
		_, err := openKind(kind, dir, "a")
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "folder is not writable: open "+dir) {
			t.Errorf("%s: error %v", kind, err)
		}
	}
}

func TestOpenOfAnotherKindOfFile(t *testing.T) {
	for _, kind := range []Kind{Sqlite, Bbolt} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a."+string(kind))
		if err := os.WriteFile(path, []byte(strings.Repeat("not a database. ", 1000)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := openKind(kind, dir, "a"); err == nil || !strings.Contains(err.Error(), " file "+path+": ") {
			t.Errorf("%s: error %v does not name the file", kind, err)
		}
	}
}

func TestBboltHasOneUser(t *testing.T) {
	dir := t.TempDir()
	openStore(t, Bbolt, dir)
	if _, err := openKind(Bbolt, dir, "a"); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: error %v, want ErrLocked", err)
	}
}

func TestSqliteSaysThatItIsLocked(t *testing.T) {
	t.Parallel() // it waits
	dir := t.TempDir()
	c := collection(t, openStore(t, Sqlite, dir), "users")
	put(t, c, rec(1, 1))
	other := rawSqlite(t, dir)
	run(t, other, "BEGIN IMMEDIATE")
	if _, err := c.Put(context.Background(), []record.Record{rec(1, 2)}); !errors.Is(err, ErrLocked) {
		t.Errorf("Put: error %v, want ErrLocked", err)
	}
	wantGet(t, c, rec(1, 1)) // readers go on
	run(t, other, "ROLLBACK")
	wantStored(t, put(t, c, rec(1, 2)), rec(1, 2))
}

func TestSqliteRollsBackAPutThatFails(t *testing.T) {
	dir := t.TempDir()
	c := collection(t, openStore(t, Sqlite, dir), "users")
	other := rawSqlite(t, dir)
	run(t, other, `CREATE TRIGGER stop BEFORE INSERT ON "records.users" WHEN new.key = 2 BEGIN SELECT RAISE(ABORT, 'no 2'); END`)
	stored, err := c.Put(context.Background(), []record.Record{rec(1, 1), rec(2, 1)})
	if err == nil || !strings.Contains(err.Error(), "no 2") || stored != nil {
		t.Errorf("stored %v, error %v", stored, err)
	}
	if got := all(t, c); len(got) != 0 {
		t.Errorf("a failed Put left %v", got)
	}
	wantStored(t, put(t, c, rec(1, 1), rec(3, 1)), rec(1, 1), rec(3, 1))
}

// What belongs to one transaction is all there or not at all.
func TestSqliteRollsBackWhatCannotBeWhole(t *testing.T) {
	dir := t.TempDir()
	c := collection(t, openStore(t, Sqlite, dir), "users")
	other := rawSqlite(t, dir)
	run(t, other, `CREATE TRIGGER stop1 BEFORE INSERT ON "outbox.users" WHEN new.key = 2 BEGIN SELECT RAISE(ABORT, 'no entry'); END`)
	run(t, other, `CREATE TRIGGER stop2 BEFORE INSERT ON "position.users" WHEN new.next = 9 BEGIN SELECT RAISE(ABORT, 'no position'); END`)
	ctx := context.Background()
	for _, recs := range [][]record.Record{{rec(2, 1)}, {rec(1, 1), rec(2, 1)}} {
		if _, err := c.Write(ctx, 1, recs); err == nil || !strings.Contains(err.Error(), "no entry") {
			t.Errorf("Write: error %v", err)
		}
	}
	if _, err := c.Apply(ctx, []record.Record{rec(3, 1)}, map[int]bus.Position{0: at(9)}); err == nil || !strings.Contains(err.Error(), "no position") {
		t.Errorf("Apply: error %v", err)
	}
	if got := all(t, c); len(got) != 0 {
		t.Errorf("%v is left", got)
	}
	entries, _ := pending(t, outboxOf(t, c), 0, 10)
	wantPending(t, entries)
	wantPosition(t, c, map[int]bus.Position{})
}

// A position of another form, as an older program has kept it, is refused before anything
// is read or stored by it.
func TestAPositionWithoutItsSumIsRefused(t *testing.T) {
	ctx := context.Background()
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		s := openStore(t, Sqlite, dir)
		run(t, rawSqlite(t, dir), `CREATE TABLE "position.users" (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL)`)
		if _, err := s.Collection(ctx, "users"); err == nil || !strings.Contains(err.Error(), "no column named sum") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("bbolt", func(t *testing.T) {
		s := openStore(t, Bbolt, t.TempDir())
		c := collection(t, s, "users")
		if err := s.(*guardedStore).db.(*bolt).db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("position:users")).Put(make([]byte, 8), make([]byte, 8))
		}); err != nil {
			t.Fatal(err)
		}
		_, read := c.Position(ctx)
		_, apply := c.Apply(ctx, nil, map[int]bus.Position{0: at(3)})
		for what, err := range map[string]error{"position": read, "apply": apply} {
			if err == nil || !strings.Contains(err.Error(), "want 16 bytes and 8") {
				t.Errorf("%s: error %v", what, err)
			}
		}
	})
	t.Run("postgres", func(t *testing.T) {
		realPostgres(t)
		dir := t.TempDir()
		s := openStore(t, Postgres, dir)
		statement(t, `CREATE TABLE `+quote(schemaOf(placeOf(dir).Run, "a"), "position.users")+` (partition integer PRIMARY KEY, next bigint NOT NULL)`)
		c := collection(t, s, "users")
		_, read := c.Position(ctx)
		_, apply := c.Apply(ctx, nil, map[int]bus.Position{0: at(3)})
		for what, err := range map[string]error{"position": read, "apply": apply} {
			if err == nil || !strings.Contains(err.Error(), `column "sum"`) {
				t.Errorf("%s: error %v", what, err)
			}
		}
	})
}

// rawSqlite is a connection of another user of the file.
func rawSqlite(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "a.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}
