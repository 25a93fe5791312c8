package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"

	"go.etcd.io/bbolt"
)

// boltEntryHeader is the length of an entry before its record's value: the
// write's number and the record's key. The entry's key is its Seq as big endian.
const boltEntryHeader = 16

// enter adds an entry. The bucket's own sequence outlives what is deleted of it.
func enter(outbox *bbolt.Bucket, write int64, key, value []byte) error {
	seq, err := outbox.NextSequence()
	if err != nil {
		return err
	}
	entry := make([]byte, 0, boltEntryHeader+len(value))
	entry = binary.BigEndian.AppendUint64(entry, uint64(write))
	entry = append(entry, key...)
	entry = append(entry, value...)
	return outbox.Put(binary.BigEndian.AppendUint64(nil, seq), entry)
}

// advance moves the position forward.
func (t *boltTable) advance(tx *bbolt.Tx, next map[int]bus.Position) error {
	bucket := tx.Bucket(t.next)
	for partition, at := range next {
		key := binary.BigEndian.AppendUint64(nil, uint64(partition))
		if value := bucket.Get(key); value != nil {
			if old, err := boltPosition(key, value); err != nil {
				return err
			} else if old.Next >= at.Next {
				continue
			}
		}
		value := binary.BigEndian.AppendUint64(nil, uint64(at.Next))
		if err := bucket.Put(key, binary.BigEndian.AppendUint64(value, at.Sum)); err != nil {
			return fmt.Errorf("position in partition %d: %w", partition, err)
		}
	}
	return nil
}

func boltPosition(k, v []byte) (at bus.Position, err error) {
	if len(k) != 8 || len(v) != 16 {
		return at, fmt.Errorf("position %x of partition %x: want 16 bytes and 8", v, k)
	}
	return bus.Position{Next: int64(binary.BigEndian.Uint64(v)), Sum: binary.BigEndian.Uint64(v[8:])}, nil
}

func (t *boltTable) position(context.Context) (map[int]bus.Position, error) {
	next := make(map[int]bus.Position)
	return next, t.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(t.next).ForEach(func(k, v []byte) (err error) {
			at, err := boltPosition(k, v)
			if err != nil {
				return err
			}
			next[int(binary.BigEndian.Uint64(k))] = at
			return nil
		})
	})
}

func (t *boltTable) rewind(ctx context.Context, partition int) error {
	if err := t.writing.take(ctx); err != nil {
		return err
	}
	defer t.writing.end()
	return boltError(t.db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(t.next).Delete(binary.BigEndian.AppendUint64(nil, uint64(partition)))
	}))
}

// hold has nobody to exclude: bbolt's file has one user.
func (t *boltTable) hold(context.Context) (outbox, error) { return t, nil }

func (t *boltTable) pending(_ context.Context, after int64, room *room) (entries []Entry, err error) {
	err = t.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(t.entries).Cursor()
		for k, v := cursor.Seek(binary.BigEndian.AppendUint64(nil, uint64(after)+1)); k != nil && room.take(len(v)); k, v = cursor.Next() {
			e, err := boltEntry(k, v)
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

func boltEntry(k, v []byte) (e Entry, err error) {
	e.Seq = int64(binary.BigEndian.Uint64(k))
	if len(v) < boltEntryHeader {
		return e, fmt.Errorf("outbox entry %d has %d bytes, less than its header", e.Seq, len(v))
	}
	e.Write = int64(binary.BigEndian.Uint64(v))
	e.Record, err = boltRecord(record.Key(binary.BigEndian.Uint64(v[8:])), v[boltEntryHeader:])
	return e, err
}

func (t *boltTable) acknowledge(ctx context.Context, upTo int64) error {
	if err := t.writing.take(ctx); err != nil {
		return err
	}
	defer t.writing.end()
	return boltError(t.db.Update(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(t.entries).Cursor()
		// From the first again each time: to delete moves the cursor.
		for k, _ := cursor.First(); k != nil && int64(binary.BigEndian.Uint64(k)) <= upTo; k, _ = cursor.First() {
			if err := cursor.Delete(); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (t *boltTable) release() error { return nil }
