// Package store holds the services' databases: in memory, SQLite, bbolt and
// PostgreSQL.
//
// Its law: all kinds give the same answers, errors included; they differ in
// cost alone. A record is replaced by a newer version of itself and by nothing
// else, so changes may be applied again and in any order.
//
// What is stored survives the end of the process at any moment, not that of the
// machine: neither file database waits for the disk at each commit, which would
// measure the disk. PostgreSQL waits or not, as its server is set. No lock and no
// transaction is held while a caller's code runs, but for that on an outbox.
package store

import (
	"context"
	"errors"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// Errors that callers tell apart, with errors.Is.
var (
	// ErrNotFound is that of a Get of a key without a record.
	ErrNotFound = errors.New("record not found")
	// ErrLocked says that another process, or another store, has the file.
	ErrLocked = errors.New("database is locked by another user of the file")
	// ErrHeld says that another one empties the outbox.
	ErrHeld = errors.New("the outbox is held by another")
	// ErrAway says that the database does not answer. It may have done what it was
	// asked for last, and later it may be there again.
	ErrAway = errors.New("database is away")
	// ErrFull says that there is no room for what was to be stored.
	ErrFull = errors.New("no space left for the database")
	// ErrClosed is that of every operation that begins after Close.
	ErrClosed = errors.New("store is closed")
)

// Store is one service's database. It is safe for concurrent use.
type Store interface {
	// Collection returns the named collection, created if absent. A name is
	// made of ASCII letters, digits, '_', '-' and '.'; case counts.
	Collection(ctx context.Context, name string) (Collection, error)
	// Close closes the database; what was stored stays in its file. It is
	// called after the last operation has returned, and closing again does nothing.
	Close() error
}

// Collection is a set of records by key, safe for concurrent use.
//
// A context is looked at before an operation, while it waits for its turn and between
// the records of Each; a transaction under way is finished. That takes microseconds.
// PostgreSQL is given up after 10 s, and an SQLite file that another process writes to
// after 2 s.
type Collection interface {
	// Get returns the record of key, or ErrNotFound. The payload is the caller's
	// to keep and to change; an empty one is nil. WrittenAt is in UTC.
	Get(ctx context.Context, key record.Key) (record.Record, error)
	// Put stores the records in one transaction, each only where its version is
	// newer than the one there. It returns those it stored, in order, which share
	// memory with recs; on an error it has stored none. It keeps no payload of recs.
	//
	// Every key is allowed. A version must be in 1..MaxInt64, the range of an
	// SQLite integer, and WrittenAt the zero time or in 1678..2261, what an int64
	// of nanoseconds can hold; anything else is an error in every kind.
	Put(ctx context.Context, recs []record.Record) (stored []record.Record, err error)
	// Write is Put by the records' owner: in the same transaction each record that
	// is stored gets an entry in the outbox, with the number of the write.
	Write(ctx context.Context, write int64, recs []record.Record) (stored []record.Record, err error)
	// Apply is Put by a copy of the records: in the same transaction it keeps, for
	// each partition in next, the position after what is applied. It never goes
	// back, but by Rewind. Apply of no records keeps the position alone.
	Apply(ctx context.Context, recs []record.Record, next map[int]bus.Position) (stored []record.Record, err error)
	// Rewind forgets the position in a partition whose log has lost what was in it.
	Rewind(ctx context.Context, partition int) error
	// Position returns what Apply has kept, by partition; empty where it kept nothing.
	Position(ctx context.Context) (map[int]bus.Position, error)
	// Outbox opens the outbox for the one who empties it, or fails with ErrHeld
	// while another does, be it in this process or in another one that has the same
	// database. It is free again once its holder closes it or dies.
	Outbox(ctx context.Context) (Outbox, error)
	// Each calls fn for each record in ascending key order, until fn fails; it
	// returns that error as it is. It reads in pages, so fn may wait and may use
	// the collection; of records put meanwhile fn sees some.
	Each(ctx context.Context, fn func(record.Record) error) error
	// Bytes is what the collection takes in its database, in bytes. It reads the
	// whole collection, so it does not belong on a hot path.
	//
	// SQLite: the pages of its table, from the dbstat virtual table. bbolt: the
	// pages of its bucket, or the bytes in use while the bucket is so small that
	// it is kept within its parent's page. PostgreSQL: its table with index and
	// TOAST. Memory: its records' sizes. Neither outbox nor position counts.
	Bytes(ctx context.Context) (int64, error)
}
