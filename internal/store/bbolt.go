package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"crosstalk/internal/record"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// boltWait is how long Open waits for another user of the file to close it.
const boltWait = 200 * time.Millisecond

// bolt is a bbolt database: a bucket per collection, and in it the keys as big
// endian, whose byte order is the keys' order.
type bolt struct {
	db      *bbolt.DB
	writing turn // as bbolt has one writer too, which waits for nobody's context
}

func openBbolt(path string) (*bolt, error) {
	db, err := bbolt.Open(path, 0o644, &bbolt.Options{
		Timeout: boltWait,
		// Not waiting for the disk is what SQLite's WAL with synchronous=NORMAL
		// does at a commit, so that the kinds compare.
		NoSync:         true,
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,
	})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		err = ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("bbolt file %s: %w", path, err)
	}
	return &bolt{db, newTurn()}, nil
}

func (b *bolt) collection(ctx context.Context, name string) (table, error) {
	if err := b.writing.take(ctx); err != nil {
		return nil, err
	}
	defer b.writing.end()
	// No collection has a colon in its name.
	t := &boltTable{bolt: b, name: []byte(name), entries: []byte("outbox:" + name), next: []byte("position:" + name)}
	return t, b.db.Update(func(tx *bbolt.Tx) error {
		for _, bucket := range [][]byte{t.name, t.entries, t.next} {
			if _, err := tx.CreateBucketIfNotExists(bucket); err != nil {
				return err
			}
		}
		return nil
	})
}

// close flushes what the commits did not wait for.
func (b *bolt) close() error { return errors.Join(b.db.Sync(), b.db.Close()) }

type boltTable struct {
	*bolt
	name, entries, next []byte // buckets
}

func (t *boltTable) get(_ context.Context, key record.Key) (r record.Record, err error) {
	err = t.view(func(b *bbolt.Bucket) error {
		value := b.Get(boltKey(key))
		if value == nil {
			return ErrNotFound
		}
		r, err = boltRecord(key, value)
		return err
	})
	return r, err
}

func (t *boltTable) put(ctx context.Context, b batch) ([]record.Record, error) {
	if err := t.writing.take(ctx); err != nil {
		return nil, err
	}
	defer t.writing.end()
	tx, err := t.db.Begin(true)
	if err != nil {
		return nil, err
	}
	stored, err := t.putRecords(tx, b)
	if err == nil {
		err = t.advance(tx, b.next)
	}
	if err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	if len(stored) == 0 && len(b.next) == 0 {
		// An empty commit would still write its page of metadata.
		return stored, tx.Rollback()
	}
	return stored, boltError(tx.Commit())
}

func boltError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

func (t *boltTable) putRecords(tx *bbolt.Tx, b batch) ([]record.Record, error) {
	bucket := tx.Bucket(t.name)
	stored := make([]record.Record, 0, len(b.records))
	for _, r := range b.records {
		key := boltKey(r.Key)
		if old := bucket.Get(key); old != nil && boltVersion(old) >= r.Version {
			continue
		}
		value := boltValue(r)
		if err := bucket.Put(key, value); err != nil {
			return nil, fmt.Errorf("key %d: %w", r.Key, err)
		}
		if b.entered {
			if err := enter(tx.Bucket(t.entries), b.write, key, value); err != nil {
				return nil, fmt.Errorf("outbox entry of key %d: %w", r.Key, err)
			}
		}
		stored = append(stored, r)
	}
	return stored, nil
}

func (t *boltTable) page(_ context.Context, from record.Key) (page []record.Record, err error) {
	err = t.view(func(b *bbolt.Bucket) error {
		cursor := b.Cursor()
		for k, v := cursor.Seek(boltKey(from)); k != nil && len(page) < pageSize; k, v = cursor.Next() {
			r, err := boltRecord(record.Key(binary.BigEndian.Uint64(k)), v)
			if err != nil {
				return err
			}
			page = append(page, r)
		}
		return nil
	})
	return page, err
}

func (t *boltTable) bytes(context.Context) (n int64, err error) {
	err = t.view(func(b *bbolt.Bucket) error {
		stats := b.Stats()
		n = int64(stats.BranchAlloc) + int64(stats.LeafAlloc) + int64(stats.InlineBucketInuse)
		return nil
	})
	return n, err
}

func (t *boltTable) view(fn func(*bbolt.Bucket) error) error {
	return t.db.View(func(tx *bbolt.Tx) error { return fn(tx.Bucket(t.name)) })
}

// boltHeader is the length of a value before its payload: version and time.
const boltHeader = 16

func boltKey(key record.Key) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(key))
}

func boltValue(r record.Record) []byte {
	value := make([]byte, 0, boltHeader+len(r.Payload))
	value = binary.BigEndian.AppendUint64(value, r.Version)
	value = binary.BigEndian.AppendUint64(value, uint64(nanos(r.WrittenAt)))
	return append(value, r.Payload...)
}

func boltVersion(value []byte) uint64 { return binary.BigEndian.Uint64(value) }

// boltRecord copies the record out of the file's memory map.
func boltRecord(key record.Key, value []byte) (record.Record, error) {
	if len(value) < boltHeader {
		return record.Record{}, fmt.Errorf("key %d: value has %d bytes, less than its header", key, len(value))
	}
	return record.Record{
		Key:       key,
		Version:   boltVersion(value),
		WrittenAt: instant(int64(binary.BigEndian.Uint64(value[8:]))),
		Payload:   clone(value[boltHeader:]),
	}, nil
}
