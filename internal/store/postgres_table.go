package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"crosstalk/internal/record"

	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresTable is one collection. A key is stored as the int64 of the same bits,
// as in SQLite, and those above MaxInt64 come last in Each. pgx prepares each
// statement once a connection.
type postgresTable struct {
	db *postgres
	// The numbers of what is locked: the right to write, and that on the outbox.
	writing, holding int64

	getOne, getPage, measure   string
	putOne, putMany            string
	enterOne, enterMany        string
	setNext, dropNext, getNext string
	getPending, dropPending    string
}

const postgresSchema = `
CREATE TABLE IF NOT EXISTS $records (
	key        bigint PRIMARY KEY,
	version    bigint NOT NULL,
	written_at bigint NOT NULL, -- nanoseconds since 1970
	payload    bytea);
CREATE TABLE IF NOT EXISTS $outbox (
	seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	write      bigint NOT NULL,
	key        bigint NOT NULL,
	version    bigint NOT NULL,
	written_at bigint NOT NULL,
	payload    bytea);
CREATE TABLE IF NOT EXISTS $position (
	partition integer PRIMARY KEY,
	next      bigint NOT NULL,
	sum       bigint NOT NULL)` // of 64 bits without a sign

// Several records go in as arrays: one statement is much cheaper than one each.
const (
	postgresOne  = `VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bytea)`
	postgresMany = `SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])`
	postgresPut  = `INSERT INTO $records AS old (key, version, written_at, payload) $rows
		ON CONFLICT (key) DO UPDATE SET
		version = excluded.version, written_at = excluded.written_at, payload = excluded.payload
		WHERE excluded.version > old.version RETURNING old.key`
	postgresEnter = `WITH put AS (` + postgresPut + `, old.version, old.written_at, old.payload), entered AS (
		INSERT INTO $outbox (write, key, version, written_at, payload) SELECT $5::bigint, put.* FROM put)
		SELECT key FROM put`
)

func (db *postgres) collection(ctx context.Context, name string) (table, error) {
	if longest := postgresNames - len("position."); len(name) > longest {
		return nil, fmt.Errorf("PostgreSQL keeps names of %d characters at most", longest)
	}
	fill := func(text, rows string) string {
		return strings.NewReplacer("$records", quote(db.schema, "records."+name), "$outbox", quote(db.schema, "outbox."+name),
			"$position", quote(db.schema, "position."+name), "$rows", rows).Replace(text)
	}
	t := &postgresTable{
		db:      db,
		writing: lockOf(db.schema + "/" + name + "/writing"), holding: lockOf(db.schema + "/" + name + "/holding"),

		getOne: fill(`SELECT version, written_at, payload FROM $records WHERE key = $1`, ""),
		getPage: fill(`SELECT key, version, written_at, payload FROM $records
			WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3`, ""),
		measure: fill(`SELECT pg_total_relation_size('$records')`, ""),
		putOne:  fill(postgresPut, postgresOne), putMany: fill(postgresPut, postgresMany),
		enterOne: fill(postgresEnter, postgresOne), enterMany: fill(postgresEnter, postgresMany),
		setNext: fill(`INSERT INTO $position AS old (partition, next, sum) VALUES ($1, $2, $3)
			ON CONFLICT (partition) DO UPDATE SET next = excluded.next, sum = excluded.sum WHERE excluded.next > old.next`, ""),
		dropNext: fill(`DELETE FROM $position WHERE partition = $1`, ""),
		getNext:  fill(`SELECT partition, next, sum FROM $position`, ""),
		getPending: fill(`SELECT seq, write, key, version, written_at, payload FROM $outbox
			WHERE seq > $1 ORDER BY seq LIMIT $2`, ""),
		dropPending: fill(`DELETE FROM $outbox WHERE seq <= $1`, ""),
	}
	return t, postgresError(db.locked(ctx, strings.Split(fill(postgresSchema, ""), ";")...))
}

// on has do use a connection. Only the wait for one ends with ctx: to give up a
// statement is to lose its connection.
func (t *postgresTable) on(ctx context.Context, do func(ctx context.Context, conn *pgxpool.Conn) error) error {
	conn, err := t.db.pool.Acquire(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return postgresError(err)
	}
	defer conn.Release()
	ctx, cancel := patience(ctx)
	defer cancel()
	return postgresError(do(ctx, conn))
}

// patience is the context of one answer of the server.
func patience(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), postgresWait)
}

func (t *postgresTable) get(ctx context.Context, key record.Key) (r record.Record, err error) {
	err = t.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		row := postgresRow{key: int64(key)}
		err := conn.QueryRow(ctx, t.getOne, row.key).Scan(&row.version, &row.writtenAt, &row.payload)
		r = row.record()
		return err
	})
	if err != nil {
		return record.Record{}, err
	}
	return r, nil
}

type postgresRow struct {
	key, version, writtenAt int64
	payload                 []byte
}

func (r postgresRow) record() record.Record {
	if len(r.payload) == 0 {
		r.payload = nil
	}
	return record.Record{Key: record.Key(r.key), Version: uint64(r.version), WrittenAt: instant(r.writtenAt), Payload: r.payload}
}

func (t *postgresTable) page(ctx context.Context, from record.Key) ([]record.Record, error) {
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
func (t *postgresTable) read(ctx context.Context, page *[]record.Record, first, last int64) error {
	return t.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, t.getPage, first, last, pageSize-len(*page))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var row postgresRow
			if err := rows.Scan(&row.key, &row.version, &row.writtenAt, &row.payload); err != nil {
				return err
			}
			*page = append(*page, row.record())
		}
		return rows.Err()
	})
}

func (t *postgresTable) bytes(ctx context.Context) (n int64, err error) {
	err = t.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, t.measure).Scan(&n)
	})
	return n, err
}
