package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"crosstalk/internal/record"
)

func (t *sqliteTable) position(context.Context) (map[int]int64, error) {
	rows, err := t.getNext.Query()
	if err != nil {
		return nil, sqliteError(err)
	}
	defer rows.Close()
	next := make(map[int]int64)
	for rows.Next() {
		var partition int
		var offset int64
		if err := rows.Scan(&partition, &offset); err != nil {
			return nil, err
		}
		next[partition] = offset
	}
	return next, sqliteError(rows.Err())
}

func (t *sqliteTable) rewind(_ context.Context, partition int) error {
	return t.db.transaction(func() error {
		_, err := t.dropNext.Exec(partition)
		return err
	})
}

// sqliteOutbox is held by a transaction on a file of its own beside the database,
// which the operating system ends with its process: there is no term to wait for
// after a kill, and no clock to trust.
type sqliteOutbox struct {
	*sqliteTable
	pool *sql.DB
	lock *sql.Conn
}

func (t *sqliteTable) hold(ctx context.Context) (outbox, error) {
	path := t.db.path + "." + t.name + ".outbox"
	// Nothing is ever written to it, so that a full disk is no obstacle.
	pool, err := sqlitePool(path, 1, url.Values{"_busy_timeout": {"0"}, "_pragma": {"journal_mode(MEMORY)"}})
	if err != nil {
		return nil, heldError(path, err)
	}
	o := &sqliteOutbox{sqliteTable: t, pool: pool}
	if o.lock, err = pool.Conn(ctx); err == nil {
		_, err = o.lock.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	if err != nil {
		return nil, errors.Join(heldError(path, sqliteError(err)), o.release())
	}
	return o, nil
}

func heldError(path string, err error) error {
	if errors.Is(err, ErrLocked) {
		return ErrHeld
	}
	return fmt.Errorf("SQLite file %s: %w", path, err)
}

func (o *sqliteOutbox) release() error {
	var err error
	if o.lock != nil {
		err = o.lock.Close()
	}
	return errors.Join(err, o.pool.Close())
}

func (o *sqliteOutbox) pending(_ context.Context, after int64, room *room) (entries []Entry, err error) {
	rows, err := o.getPending.Query(after, room.entries)
	if err != nil {
		return nil, sqliteError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Entry
		var key, writtenAt int64
		r := &e.Record
		if err := rows.Scan(&e.Seq, &e.Write, &key, &r.Version, &writtenAt, &r.Payload); err != nil {
			return nil, err
		}
		if !room.take(len(r.Payload)) {
			break
		}
		r.Key, r.WrittenAt = record.Key(key), instant(writtenAt)
		entries = append(entries, e)
	}
	return entries, sqliteError(rows.Err())
}

func (o *sqliteOutbox) acknowledge(_ context.Context, upTo int64) error {
	o.db.mu.Lock()
	defer o.db.mu.Unlock()
	_, err := o.deletePending.Exec(upTo)
	return sqliteError(err)
}
