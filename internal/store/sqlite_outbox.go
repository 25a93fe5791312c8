package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"crosstalk/internal/bus"
)

func (t *sqliteTable) position(ctx context.Context) (map[int]bus.Position, error) {
	next := make(map[int]bus.Position)
	return next, t.db.readers.query(ctx, t.getNext, 3, func(r *sqliteRow) bool {
		next[int(r.int(0))] = bus.Position{Next: r.int(1), Sum: uint64(r.int(2))}
		return true
	})
}

func (t *sqliteTable) rewind(ctx context.Context, partition int) error {
	return t.db.transaction(ctx, func() error {
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
	pool, err := sqliteWriter(path, url.Values{"_busy_timeout": {"0"}, "_pragma": {"journal_mode(MEMORY)"}})
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

func (o *sqliteOutbox) pending(ctx context.Context, after int64, room *room) (entries []Entry, err error) {
	err = o.db.readers.query(ctx, o.getPending, 6, func(r *sqliteRow) bool {
		e := Entry{Seq: r.int(4), Write: r.int(5), Record: r.record(r.int(3))}
		if !room.take(len(e.Record.Payload)) {
			return false
		}
		entries = append(entries, e)
		return true
	}, after, int64(room.entries))
	return entries, err
}

func (o *sqliteOutbox) acknowledge(ctx context.Context, upTo int64) error {
	if err := o.db.writing.take(ctx); err != nil {
		return err
	}
	defer o.db.writing.end()
	_, err := o.deletePending.Exec(upTo)
	return sqliteError(err)
}
