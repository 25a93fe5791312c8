package store

import (
	"context"

	"crosstalk/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// put stores a batch. It goes out as a whole before an answer is waited for, which
// makes it one transaction.
//
// Where entries are numbered, or several rows are locked, transactions follow each
// other: the lock is taken before the first number and is free after the commit,
// so that numbers appear in their order and nobody waits for one another in a ring.
func (t *postgresTable) put(ctx context.Context, b batch) (stored []record.Record, err error) {
	requests := &pgx.Batch{}
	if b.entered || len(b.records) > 1 || len(b.next) > 0 {
		requests.Queue("SELECT pg_advisory_xact_lock($1)", t.writing)
	}
	stored = make([]record.Record, 0, len(b.records))
	for rest := b.records; len(rest) > 0; {
		n := distinct(rest)
		t.queue(requests, b, rest[:n], &stored)
		rest = rest[n:]
	}
	for partition, at := range b.next {
		requests.Queue(t.setNext, partition, at.Next, int64(at.Sum))
	}
	err = t.on(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.SendBatch(ctx, requests).Close()
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

// distinct is how many records there are before a key comes again: one statement
// changes a row once.
func distinct(recs []record.Record) int {
	if len(recs) == 1 {
		return 1
	}
	seen := make(map[record.Key]bool, len(recs))
	for i, r := range recs {
		if seen[r.Key] {
			return i
		}
		seen[r.Key] = true
	}
	return len(recs)
}

// queue adds the statement that stores records of distinct keys.
func (t *postgresTable) queue(requests *pgx.Batch, b batch, recs []record.Record, stored *[]record.Record) {
	text, arguments := t.putMany, columns(recs)
	switch {
	case b.entered && len(recs) == 1:
		text, arguments = t.enterOne, cells(recs[0])
	case b.entered:
		text = t.enterMany
	case len(recs) == 1:
		text, arguments = t.putOne, cells(recs[0])
	}
	if b.entered {
		arguments = append(arguments, b.write)
	}
	requests.Queue(text, arguments...).Query(func(rows pgx.Rows) error {
		keys, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		done := make(map[int64]bool, len(keys))
		for _, key := range keys {
			done[key] = true
		}
		for _, r := range recs {
			if done[int64(r.Key)] {
				*stored = append(*stored, r)
			}
		}
		return nil
	})
}

func cells(r record.Record) []any {
	return []any{int64(r.Key), int64(r.Version), nanos(r.WrittenAt), r.Payload}
}

func columns(recs []record.Record) []any {
	keys, versions, times := make([]int64, len(recs)), make([]int64, len(recs)), make([]int64, len(recs))
	payloads := make([][]byte, len(recs))
	for i, r := range recs {
		keys[i], versions[i], times[i], payloads[i] = int64(r.Key), int64(r.Version), nanos(r.WrittenAt), r.Payload
	}
	return []any{keys, versions, times, payloads}
}
