package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Open opens a database of the kind in a file of its own in dir, which is
// created if absent: name with the kind as its extension. A name follows the
// rule of collection names. Memory ignores dir.
//
// It fails with ErrLocked where another has the file: at once for bbolt, which
// admits one user, and after some seconds for SQLite, which shares.
func Open(kind Kind, dir, name string) (Store, error) {
	db, err := open(kind, dir, name)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", name, err)
	}
	return &guardedStore{db: db}, nil
}

func open(kind Kind, dir, name string) (database, error) {
	if err := kind.check(); err != nil {
		return nil, err
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	if kind == Memory {
		return memory{}, nil
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name+"."+string(kind))
	if kind == Bbolt {
		return openBbolt(path)
	}
	return openSqlite(path)
}

// checkDir makes a file in dir, as both engines will: they say less of why it
// failed. The database itself is not touched, since closing a second descriptor
// of it would drop the POSIX locks that SQLite may hold on it in this process.
func checkDir(dir string) error {
	if dir == "" {
		return errors.New("no folder given")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fmt.Errorf("folder is not writable: %w", err)
	}
	_ = probe.Close()
	return os.Remove(probe.Name())
}
