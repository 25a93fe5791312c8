package store

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// smallDisk is a folder with room for a megabyte or two.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("a small file system cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A write that finds the disk full says so in one line and changes nothing; what
// was stored before is there, in the outbox too, and can be read meanwhile.
func TestAFullDisk(t *testing.T) {
	for _, kind := range []Kind{Sqlite, Bbolt} {
		t.Run(string(kind), func(t *testing.T) {
			dir, ctx := smallDisk(t), context.Background()
			s, err := openKind(kind, dir, "a")
			if err != nil {
				t.Fatal(err)
			}
			c := collection(t, s, "users")
			big := func(version uint64) []record.Record {
				return []record.Record{{Key: 1, Version: version, Payload: record.Payload("users", 1, version, 50_000)}}
			}
			version := uint64(0)
			for err == nil {
				version++
				if _, err = c.Write(ctx, int64(version), big(version)); err == nil {
					_, err = c.Apply(ctx, nil, map[int]bus.Position{0: at(int64(version))})
				}
			}
			wantLine(t, err, ErrFull, "", `collection "users": no space left for the database`)
			if strings.HasPrefix(err.Error(), "write ") {
				version--
			}
			check := func() {
				t.Helper()
				wantGet(t, c, big(version)[0])
				o, err := c.Outbox(ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer o.Close()
				entries, _ := pending(t, o, 0, 1000)
				if n := len(entries); n == 0 || entries[n-1].Record.Version != version || n != int(version) {
					t.Errorf("%d entries, want %d", n, version)
				}
			}
			check()
			if err := s.Close(); err != nil && !errors.Is(err, ErrFull) {
				t.Logf("close: %v", err)
			}
			if s, err = openKind(kind, dir, "a"); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			c = collection(t, s, "users")
			check()
		})
	}
}
