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
// database/sql and again in the driver, about as much as a lookup itself. What ends
// with a context is the wait for a reader or for the writer.
type sqliteTable struct {
	db   *sqliteDB
	name string

	getOne, getPage, measure, getNext, getPending string // what readers are asked

	putOne, setNext, dropNext, deletePending *sql.Stmt
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
	next      INTEGER NOT NULL,
	sum       INTEGER NOT NULL); -- of 64 bits without a sign
CREATE TRIGGER IF NOT EXISTS "created.%[1]s" AFTER INSERT ON "records.%[1]s" WHEN new.write IS NOT NULL BEGIN
	INSERT INTO "outbox.%[1]s" (write, key, version, written_at, payload)
	VALUES (new.write, new.key, new.version, new.written_at, new.payload); END;
CREATE TRIGGER IF NOT EXISTS "updated.%[1]s" AFTER UPDATE ON "records.%[1]s" WHEN new.write IS NOT NULL BEGIN
	INSERT INTO "outbox.%[1]s" (write, key, version, written_at, payload)
	VALUES (new.write, new.key, new.version, new.written_at, new.payload); END;`

// prepare creates the tables, in one transaction, and prepares the statements.
func (t *sqliteTable) prepare(ctx context.Context) error {
	if err := t.db.transaction(ctx, func() error {
		_, err := t.db.writer.Exec(fmt.Sprintf(sqliteSchema, t.name))
		return err
	}); err != nil {
		return err
	}
	for _, s := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&t.putOne, `INSERT INTO "records.%s" (key, version, written_at, write, payload) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET version = excluded.version, written_at = excluded.written_at,
			write = excluded.write, payload = excluded.payload
			WHERE excluded.version > version`},
		{&t.setNext, `INSERT INTO "position.%s" (partition, next, sum) VALUES (?, ?, ?)
			ON CONFLICT (partition) DO UPDATE SET next = excluded.next, sum = excluded.sum WHERE excluded.next > next`},
		{&t.dropNext, `DELETE FROM "position.%s" WHERE partition = ?`},
		{&t.deletePending, `DELETE FROM "outbox.%s" WHERE seq <= ?`},
	} {
		var err error
		if *s.stmt, err = t.db.writer.Prepare(fmt.Sprintf(s.text, t.name)); err != nil {
			return err
		}
	}
	t.getOne = fmt.Sprintf(`SELECT version, written_at, payload FROM "records.%s" WHERE key = ?`, t.name)
	t.getPage = fmt.Sprintf(`SELECT version, written_at, payload, key FROM "records.%s"
		WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?`, t.name)
	t.getNext = fmt.Sprintf(`SELECT partition, next, sum FROM "position.%s"`, t.name)
	t.getPending = fmt.Sprintf(`SELECT version, written_at, payload, key, seq, write FROM "outbox.%s"
		WHERE seq > ? ORDER BY seq LIMIT ?`, t.name)
	// The table has no index, so its pages are all there is.
	t.measure = fmt.Sprintf(`SELECT pgsize FROM dbstat WHERE name = 'records.%s' AND aggregate = TRUE`, t.name)
	return nil
}

// record is what a row begins with.
func (r *sqliteRow) record(key int64) record.Record {
	return record.Record{
		Key: record.Key(key), Version: uint64(r.int(0)), WrittenAt: instant(r.int(1)), Payload: r.bytes(2),
	}
}

func (t *sqliteTable) get(ctx context.Context, key record.Key) (record.Record, error) {
	found := record.Record{}
	err := t.db.readers.query(ctx, t.getOne, 3, func(r *sqliteRow) bool {
		found = r.record(int64(key))
		return true
	}, int64(key))
	if err == nil && found.Version == 0 {
		return found, ErrNotFound
	}
	return found, err
}

func (t *sqliteTable) put(ctx context.Context, b batch) (stored []record.Record, err error) {
	if len(b.records) == 1 && len(b.next) == 0 {
		// A statement alone is a transaction of its own, and half the price.
		if err := t.db.writing.take(ctx); err != nil {
			return nil, err
		}
		defer t.db.writing.end()
		stored, err = t.putRecords(b)
		return stored, sqliteError(err)
	}
	err = t.db.transaction(ctx, func() error {
		if stored, err = t.putRecords(b); err != nil {
			return err
		}
		for partition, at := range b.next {
			if _, err := t.setNext.Exec(partition, at.Next, int64(at.Sum)); err != nil {
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

func (t *sqliteTable) page(ctx context.Context, from record.Key) ([]record.Record, error) {
	page := make([]record.Record, 0, pageSize)
	if from <= math.MaxInt64 {
		if err := t.read(ctx, &page, int64(from), math.MaxInt64); err != nil {
			return nil, err
		}
		from = math.MaxInt64 + 1
	}
	if len(page) == pageSize {
		return page, nil
	}
	return page, t.read(ctx, &page, int64(from), -1)
}

// read appends the rows from first to last, as far as the page has room.
func (t *sqliteTable) read(ctx context.Context, page *[]record.Record, first, last int64) error {
	return t.db.readers.query(ctx, t.getPage, 4, func(r *sqliteRow) bool {
		*page = append(*page, r.record(r.int(3)))
		return true
	}, first, last, int64(pageSize-len(*page)))
}

func (t *sqliteTable) bytes(ctx context.Context) (n int64, err error) {
	err = t.db.readers.query(ctx, t.measure, 1, func(r *sqliteRow) bool {
		n = r.int(0)
		return true
	})
	return n, err
}
