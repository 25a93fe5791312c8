package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteWait is how long a statement waits for a lock that another user of the
// file holds. Within a store nothing waits for it: writes have one connection.
const sqliteWait = 2 * time.Second

// mostSqliteReaders is the most connections for reading: a lookup is all CPU, so
// more than the cores do not help.
const mostSqliteReaders = 8

// sqliteMap is how much of the file readers map, in bytes. A connection drops its
// page cache whenever another one has written; a map needs neither the cache nor
// a system call per page, about a sixth of the CPU time of a lookup.
const sqliteMap = 256 << 20

// sqliteDB is an SQLite database in WAL mode, where readers and the one writer
// do not block one another.
type sqliteDB struct {
	path    string
	readers sqliteReaders
	writer  *sql.DB

	writing                 turn // on the writer's one connection
	begin, commit, rollback *sql.Stmt
}

func openSqlite(path string) (*sqliteDB, error) {
	for limit := time.Now().Add(sqliteWait); ; time.Sleep(5 * time.Millisecond) {
		db, err := tryToOpenSqlite(path)
		// Where others open the file at the same time, SQLite does not wait for them: it
		// is they who put it into WAL mode, or take it out of it as the last to close it.
		if !errors.Is(err, ErrLocked) || time.Now().After(limit) {
			return db, err
		}
	}
}

func tryToOpenSqlite(path string) (*sqliteDB, error) {
	db := &sqliteDB{path: path, writing: newTurn()}
	var err error
	// The writer comes first: it makes the file and puts it into WAL mode.
	if db.writer, err = sqliteWriter(path, url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)"},
	}); err != nil {
		return nil, fmt.Errorf("SQLite file %s: %w", path, err)
	}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{{&db.begin, "BEGIN IMMEDIATE"}, {&db.commit, "COMMIT"}, {&db.rollback, "ROLLBACK"}} {
		if *s.stmt, err = db.writer.Prepare(s.text); err != nil {
			return nil, errors.Join(fmt.Errorf("SQLite file %s: %w", path, err), db.writer.Close())
		}
	}
	readers := min(runtime.GOMAXPROCS(0), mostSqliteReaders)
	if db.readers, err = openSqliteReaders(db.writer.Driver(), sqliteName(path, url.Values{
		"_query_only": {"1"},
		"_pragma":     {fmt.Sprintf("mmap_size(%d)", sqliteMap)},
	}), readers); err != nil {
		return nil, errors.Join(fmt.Errorf("SQLite file %s: %w", path, err), db.writer.Close())
	}
	return db, nil
}

// sqliteWriter opens one connection, to be used by one at a time.
func sqliteWriter(path string, options url.Values) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", sqliteName(path, options))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	if err := pool.Ping(); err != nil {
		return nil, errors.Join(sqliteError(err), pool.Close())
	}
	return pool, nil
}

// sqliteName is the name of a file for the driver: a URI, so that a path may hold any
// character.
func sqliteName(path string, options url.Values) string {
	if !options.Has("_busy_timeout") {
		options.Set("_busy_timeout", fmt.Sprint(sqliteWait.Milliseconds()))
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: options.Encode()}
	return name.String()
}

func (db *sqliteDB) collection(ctx context.Context, name string) (table, error) {
	t := &sqliteTable{db: db, name: sqliteTableName(name)}
	if err := t.prepare(ctx); err != nil {
		return nil, sqliteError(err)
	}
	return t, nil
}

// transaction has write done in one. It is what sql.Tx does, without a goroutine and
// a copy of each statement for each transaction.
func (db *sqliteDB) transaction(ctx context.Context, write func() error) error {
	if err := db.writing.take(ctx); err != nil {
		return err
	}
	defer db.writing.end()
	if _, err := db.begin.Exec(); err != nil {
		return sqliteError(err)
	}
	err := write()
	if err == nil {
		_, err = db.commit.Exec()
	}
	if err != nil {
		_, again := db.rollback.Exec()
		return errors.Join(sqliteError(err), again)
	}
	return nil
}

// close closes the writer last: the last connection folds the WAL into the file.
// It closes the statements that were prepared on it.
func (db *sqliteDB) close() error {
	return errors.Join(db.readers.close(), db.writer.Close())
}

// sqliteTableName is what the names of a collection's tables end in. SQLite's names
// ignore case and those that begin with "sqlite_" are its own, hence the mark
// before each capital and the prefixes.
func sqliteTableName(collection string) string {
	var b strings.Builder
	for _, r := range collection {
		if 'A' <= r && r <= 'Z' {
			b.WriteByte('^')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// sqliteError names the errors that callers tell apart.
func sqliteError(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("%w (waited %v)", ErrLocked, sqliteWait)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
