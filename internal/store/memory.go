package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"unsafe"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// memory is nothing by itself: its tables live where a store keeps them.
type memory struct{}

func (memory) collection(context.Context, string) (table, error) {
	return &memoryTable{records: map[record.Key]record.Record{}, next: map[int]bus.Position{}}, nil
}

func (memory) close() error { return nil }

// memoryTable is a map. Its payloads are never changed once they are in.
type memoryTable struct {
	mu      sync.RWMutex
	records map[record.Key]record.Record
	// sorted is the keys in ascending order, or nil where a key was added since
	// it was made: only Each needs the order, and Put is the hot path.
	sorted []record.Key
	size   int64

	seq     int64 // of the last entry there was
	entries []Entry
	next    map[int]bus.Position
}

func (t *memoryTable) get(_ context.Context, key record.Key) (record.Record, error) {
	t.mu.RLock()
	r, ok := t.records[key]
	t.mu.RUnlock()
	if !ok {
		return record.Record{}, ErrNotFound
	}
	r.Payload = clone(r.Payload)
	return r, nil
}

func (t *memoryTable) put(_ context.Context, b batch) ([]record.Record, error) {
	stored := make([]record.Record, 0, len(b.records))
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range b.records {
		old, ok := t.records[r.Key]
		if ok && old.Version >= r.Version {
			continue
		}
		stored = append(stored, r)
		if ok {
			t.size -= sizeOf(old)
		} else {
			t.sorted = nil
		}
		r.Payload = clone(r.Payload)
		r.WrittenAt = instant(nanos(r.WrittenAt))
		t.records[r.Key] = r
		t.size += sizeOf(r)
		if b.entered {
			t.seq++
			t.entries = append(t.entries, Entry{Seq: t.seq, Write: b.write, Record: r})
		}
	}
	for partition, at := range b.next {
		if old, ok := t.next[partition]; !ok || at.Next > old.Next {
			t.next[partition] = at
		}
	}
	return stored, nil
}

func (t *memoryTable) position(context.Context) (map[int]bus.Position, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return maps.Clone(t.next), nil
}

func (t *memoryTable) rewind(_ context.Context, partition int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.next, partition)
	return nil
}

// hold has nobody to exclude: no other process has this memory.
func (t *memoryTable) hold(context.Context) (outbox, error) { return t, nil }

func (t *memoryTable) pending(_ context.Context, after int64, room *room) (entries []Entry, err error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.entries[t.firstAfter(after):] {
		if !room.take(len(e.Record.Payload)) {
			break
		}
		e.Record.Payload = clone(e.Record.Payload)
		entries = append(entries, e)
	}
	return entries, nil
}

func (t *memoryTable) acknowledge(_ context.Context, upTo int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.firstAfter(upTo)
	clear(t.entries[:n]) // for the collector: the array stays until it is outgrown
	t.entries = t.entries[n:]
	return nil
}

func (t *memoryTable) firstAfter(seq int64) int {
	n, _ := slices.BinarySearchFunc(t.entries, seq+1, func(e Entry, seq int64) int { return cmp.Compare(e.Seq, seq) })
	return n
}

func (t *memoryTable) release() error { return nil }

func (t *memoryTable) page(_ context.Context, from record.Key) ([]record.Record, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sort()
	first, _ := slices.BinarySearch(t.sorted, from)
	keys := t.sorted[first:]
	keys = keys[:min(pageSize, len(keys))]
	page := make([]record.Record, 0, len(keys))
	for _, key := range keys {
		r := t.records[key]
		r.Payload = clone(r.Payload)
		page = append(page, r)
	}
	return page, nil
}

func (t *memoryTable) sort() {
	if t.sorted != nil {
		return
	}
	t.sorted = make([]record.Key, 0, len(t.records))
	for key := range t.records {
		t.sorted = append(t.sorted, key)
	}
	slices.Sort(t.sorted)
}

func (t *memoryTable) bytes(context.Context) (int64, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size, nil
}

// sizeOf is what a record takes beside the map's own overhead.
func sizeOf(r record.Record) int64 {
	return int64(unsafe.Sizeof(r)) + int64(len(r.Payload))
}

// clone copies a payload; an empty one is nil, as every kind returns it.
func clone(payload []byte) []byte { return append([]byte(nil), payload...) }
