package store

import (
	"context"

	"crosstalk/internal/bus"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

func (t *postgresTable) position(ctx context.Context) (map[int]bus.Position, error) {
	next := make(map[int]bus.Position)
	return next, t.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, t.getNext)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var partition int
			var offset, sum int64
			if err := rows.Scan(&partition, &offset, &sum); err != nil {
				return err
			}
			next[partition] = bus.Position{Next: offset, Sum: uint64(sum)}
		}
		return rows.Err()
	})
}

func (t *postgresTable) rewind(ctx context.Context, partition int) error {
	return t.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, t.dropNext, partition)
		return err
	})
}

// postgresOutbox is held by an advisory lock of its connection, which the server
// ends with the connection. All that its holder does goes over that connection:
// whoever has lost the lock cannot read on. It is none of the pool's, where it would
// leave one less to all others: of one, none.
type postgresOutbox struct {
	*postgresTable
	conn *pgx.Conn
}

func (t *postgresTable) hold(ctx context.Context) (outbox, error) {
	conn, err := pgx.ConnectConfig(ctx, t.db.pool.Config().ConnConfig)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, postgresError(err)
	}
	o := &postgresOutbox{postgresTable: t, conn: conn}
	ctx, cancel := patience(ctx)
	defer cancel()
	var held bool
	err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", t.holding).Scan(&held)
	switch {
	case err != nil:
		_ = o.release()
		return nil, postgresError(err)
	case !held:
		_ = o.release()
		return nil, ErrHeld
	}
	return o, nil
}

// release ends the lock before the connection, with which the server may end it later.
func (o *postgresOutbox) release() error {
	ctx, cancel := context.WithTimeout(context.Background(), postgresRelease)
	defer cancel()
	_, _ = o.conn.Exec(ctx, "SELECT pg_advisory_unlock_all()") // else it ends with the connection
	_ = o.conn.Close(ctx)                                      // nothing is lost with it
	return nil
}

func (o *postgresOutbox) pending(ctx context.Context, after int64, room *room) (entries []Entry, err error) {
	ctx, cancel := patience(ctx)
	defer cancel()
	rows, err := o.conn.Query(ctx, o.getPending, after, room.entries)
	if err != nil {
		return nil, postgresError(err)
	}
	for rows.Next() {
		var e Entry
		var row postgresRow
		if err := rows.Scan(&e.Seq, &e.Write, &row.key, &row.version, &row.writtenAt, &row.payload); err != nil {
			rows.Close()
			return nil, postgresError(err)
		}
		if !room.take(len(row.payload)) {
			break
		}
		e.Record = row.record()
		entries = append(entries, e)
	}
	rows.Close()
	return entries, postgresError(rows.Err())
}

func (o *postgresOutbox) acknowledge(ctx context.Context, upTo int64) error {
	ctx, cancel := patience(ctx)
	defer cancel()
	_, err := o.conn.Exec(ctx, o.dropPending, upTo)
	return postgresError(err)
}
