package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"crosstalk/internal/record"
)

// sqliteTable is one collection. A key is stored as the int64 of the same bits,
// which keeps the row number of a small key small; those above MaxInt64 are
// negative there and come last in Each.
//
// No statement has a context: one that can end costs a goroutine a statement, in
// database/sql and again in the driver, about as much as a lookup itself.
type sqliteTable struct {
	db                                 *sqliteDB
	name                               string
	getOne, getPage, measure           *sql.Stmt
	putOne, setNext, dropNext, getNext *sql.Stmt
	getPending, deletePending          *sql.Stmt
}

// sqliteSchema makes the tables. An integer primary key is the table's own tree,
// so a lookup descends one tree and there is no index to keep.
//
// The outbox is filled by triggers, so that a write of one record stays one
// statement, which is a transaction of its own. AUTOINCREMENT keeps the number of an
// entry that was deleted from being used again.
const sqliteSchema = `
CREATE TABLE IF NOT EXISTS "records.%[1]s" (
	key        INTEGER PRIMARY KEY,
	version    INTEGER NOT NULL,
	written_at INTEGER NOT NULL, -- nanoseconds since 1970
	write      INTEGER,          -- the number of the write; NULL for one that is not published
	payload    BLOB);
CREATE TABLE IF NOT EXISTS "outbox.%[1]s" (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	write      INTEGER NOT NULL,
	key        INTEGER NOT NULL,
	version    INTEGER NOT NULL,
	written_at INTEGER NOT NULL,
	payload    BLOB);
CREATE TABLE IF NOT EXISTS "position.%[1]s" (
	partition INTEGER PRIMARY KEY,
	next      INTEGER NOT NULL);
CREATE TRIGGER IF NOT EXISTS "created.%[1]s" AFTER INSERT ON "records.%[1]s" WHEN new.write IS NOT NULL BEGIN
	INSERT INTO "outbox.%[1]s" (write, key, version, written_at, payload)
	VALUES (new.write, new.key, new.version, new.written_at, new.payload); END;
CREATE TRIGGER IF NOT EXISTS "updated.%[1]s" AFTER UPDATE ON "records.%[1]s" WHEN new.write IS NOT NULL BEGIN
	INSERT INTO "outbox.%[1]s" (write, key, version, written_at, payload)
	VALUES (new.write, new.key, new.version, new.written_at, new.payload); END;`

// prepare creates the tables, in one transaction, and prepares the statements.
func (t *sqliteTable) prepare() error {
	if err := t.db.transaction(func() error {
		_, err := t.db.writer.Exec(fmt.Sprintf(sqliteSchema, t.name))
		return err
	}); err != nil {
		return err
	}
	for _, s := range []struct {
		stmt **sql.Stmt
		pool *sql.DB
		text string
	}{
		{&t.getOne, t.db.reader, `SELECT version, written_at, payload FROM "records.%s" WHERE key = ?`},
		{&t.getPage, t.db.reader, `SELECT key, version, written_at, payload FROM "records.%s"
			WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?`},
		{&t.putOne, t.db.writer, `INSERT INTO "records.%s" (key, version, written_at, write, payload) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET version = excluded.version, written_at = excluded.written_at,
			write = excluded.write, payload = excluded.payload
			WHERE excluded.version > version`},
		{&t.setNext, t.db.writer, `INSERT INTO "position.%s" (partition, next) VALUES (?, ?)
			ON CONFLICT (partition) DO UPDATE SET next = excluded.next WHERE excluded.next > next`},
		{&t.dropNext, t.db.writer, `DELETE FROM "position.%s" WHERE partition = ?`},
		{&t.getNext, t.db.reader, `SELECT partition, next FROM "position.%s"`},
		{&t.getPending, t.db.reader, `SELECT seq, write, key, version, written_at, payload FROM "outbox.%s"
			WHERE seq > ? ORDER BY seq LIMIT ?`},
		{&t.deletePending, t.db.writer, `DELETE FROM "outbox.%s" WHERE seq <= ?`},
		// The table has no index, so its pages are all there is.
		{&t.measure, t.db.reader, `SELECT pgsize FROM dbstat WHERE name = 'records.%s' AND aggregate = TRUE`},
	} {
		stmt, err := s.pool.Prepare(fmt.Sprintf(s.text, t.name))
		if err != nil {
			return err
		}
		*s.stmt = stmt
	}
	return nil
}

func (t *sqliteTable) get(_ context.Context, key record.Key) (record.Record, error) {
	r := record.Record{Key: key}
	var writtenAt int64
	row := t.getOne.QueryRow(int64(key))
	if err := row.Scan(&r.Version, &writtenAt, &r.Payload); err != nil {
		return record.Record{}, sqliteError(err)
	}
	r.WrittenAt = instant(writtenAt)
	return r, nil
}

func (t *sqliteTable) put(_ context.Context, b batch) (stored []record.Record, err error) {
	if len(b.records) == 1 && len(b.next) == 0 {
		// A statement alone is a transaction of its own, and half the price.
		t.db.mu.Lock()
		defer t.db.mu.Unlock()
		stored, err = t.putRecords(b)
		return stored, sqliteError(err)
	}
	err = t.db.transaction(func() error {
		if stored, err = t.putRecords(b); err != nil {
			return err
		}
		for partition, next := range b.next {
			if _, err := t.setNext.Exec(partition, next); err != nil {
				return err
			}
		}
		return nil
	})
	return stored, err
}

// putRecords stores records. Whoever calls it has the writer.
func (t *sqliteTable) putRecords(b batch) ([]record.Record, error) {
	stored := make([]record.Record, 0, len(b.records))
	var write any
	if b.entered {
		write = b.write
	}
	for _, r := range b.records {
		result, err := t.putOne.Exec(int64(r.Key), int64(r.Version), nanos(r.WrittenAt), write, r.Payload)
		if err != nil {
			return nil, err
		}
		if n, err := result.RowsAffected(); err != nil {
			return nil, err
		} else if n > 0 {
			stored = append(stored, r)
		}
	}
	return stored, nil
}

func (t *sqliteTable) page(_ context.Context, from record.Key) ([]record.Record, error) {
	page := make([]record.Record, 0, pageSize)
	if from <= math.MaxInt64 {
		if err := t.read(&page, int64(from), math.MaxInt64); err != nil {
			return nil, err
		}
		from = math.MaxInt64 + 1
	}
	if len(page) == pageSize {
		return page, nil
	}
	return page, t.read(&page, int64(from), -1)
}

// read appends the rows from first to last, as far as the page has room.
func (t *sqliteTable) read(page *[]record.Record, first, last int64) error {
	rows, err := t.getPage.Query(first, last, pageSize-len(*page))
	if err != nil {
		return sqliteError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r record.Record
		var key, writtenAt int64
		if err := rows.Scan(&key, &r.Version, &writtenAt, &r.Payload); err != nil {
			return err
		}
		r.Key, r.WrittenAt = record.Key(key), instant(writtenAt)
		*page = append(*page, r)
	}
	return sqliteError(rows.Err())
}

func (t *sqliteTable) bytes(context.Context) (n int64, err error) {
	err = t.measure.QueryRow().Scan(&n)
	return n, sqliteError(err)
}
