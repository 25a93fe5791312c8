package store

import (
	"database/sql"
	"errors"
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
	db              *sqliteDB
	name            string
	getOne, getPage *sql.Stmt
	putOne, measure *sql.Stmt
}

// prepare creates the table. An integer primary key is the table's own tree, so
// a lookup descends one tree and there is no index to keep.
func (t *sqliteTable) prepare() error {
	if _, err := t.db.writer.Exec(fmt.Sprintf(`CREATE TABLE IF NOT EXISTS "%s" (
		key        INTEGER PRIMARY KEY,
		version    INTEGER NOT NULL,
		written_at INTEGER NOT NULL, -- nanoseconds since 1970
		payload    BLOB)`, t.name)); err != nil {
		return err
	}
	for _, s := range []struct {
		stmt **sql.Stmt
		pool *sql.DB
		text string
	}{
		{&t.getOne, t.db.reader, `SELECT version, written_at, payload FROM "%s" WHERE key = ?`},
		{&t.getPage, t.db.reader, `SELECT key, version, written_at, payload FROM "%s"
			WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?`},
		{&t.putOne, t.db.writer, `INSERT INTO "%s" (key, version, written_at, payload) VALUES (?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET
			version = excluded.version, written_at = excluded.written_at, payload = excluded.payload
			WHERE excluded.version > version`},
		// The table has no index, so its pages are all there is.
		{&t.measure, t.db.reader, `SELECT pgsize FROM dbstat WHERE name = '%s' AND aggregate = TRUE`},
	} {
		stmt, err := s.pool.Prepare(fmt.Sprintf(s.text, t.name))
		if err != nil {
			return err
		}
		*s.stmt = stmt
	}
	return nil
}

func (t *sqliteTable) get(key record.Key) (record.Record, error) {
	r := record.Record{Key: key}
	var writtenAt int64
	row := t.getOne.QueryRow(int64(key))
	if err := row.Scan(&r.Version, &writtenAt, &r.Payload); err != nil {
		return record.Record{}, sqliteError(err)
	}
	r.WrittenAt = instant(writtenAt)
	return r, nil
}

func (t *sqliteTable) put(recs []record.Record) ([]record.Record, error) {
	if len(recs) == 1 {
		// A statement alone is a transaction of its own, and half the price.
		return putRows(t.putOne, recs)
	}
	tx, err := t.db.writer.Begin()
	if err != nil {
		return nil, sqliteError(err)
	}
	stored, err := putRows(tx.Stmt(t.putOne), recs)
	if err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return stored, sqliteError(tx.Commit())
}

func putRows(put *sql.Stmt, recs []record.Record) ([]record.Record, error) {
	stored := make([]record.Record, 0, len(recs))
	for _, r := range recs {
		result, err := put.Exec(int64(r.Key), int64(r.Version), nanos(r.WrittenAt), r.Payload)
		if err != nil {
			return nil, sqliteError(err)
		}
		if n, err := result.RowsAffected(); err != nil {
			return nil, err
		} else if n > 0 {
			stored = append(stored, r)
		}
	}
	return stored, nil
}

func (t *sqliteTable) page(from record.Key) ([]record.Record, error) {
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

func (t *sqliteTable) bytes() (n int64, err error) {
	err = t.measure.QueryRow().Scan(&n)
	return n, sqliteError(err)
}
