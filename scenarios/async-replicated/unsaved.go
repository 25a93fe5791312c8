package asyncreplicated

import (
	"context"
	"sync"

	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// unsaved is an outbox in memory and apart from the database: what many services
// do without, and what a kill loses. Concurrent writes of a key may be in it in
// another order than in the database.
type unsaved struct {
	mu      sync.Mutex
	last    int64
	entries []store.Entry
}

var _ store.Outbox = (*unsaved)(nil)

func (u *unsaved) add(write int64, r record.Record) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last++
	u.entries = append(u.entries, store.Entry{Seq: u.last, Write: write, Record: r})
}

// Pending returns entries after a Seq.
func (u *unsaved) Pending(_ context.Context, after int64, n int) ([]store.Entry, bool, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	first := u.last - int64(len(u.entries)) // Seq before the first one
	rest := u.entries[max(after-first, 0):]
	more := len(rest) > n
	return append([]store.Entry(nil), rest[:min(n, len(rest))]...), more, nil
}

// Acknowledge removes the entries up to a Seq.
func (u *unsaved) Acknowledge(_ context.Context, upTo int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := int(upTo - (u.last - int64(len(u.entries))))
	clear(u.entries[:n])
	u.entries = u.entries[n:]
	return nil
}

// Close does nothing: what is here stays for the next time.
func (u *unsaved) Close() error { return nil }
