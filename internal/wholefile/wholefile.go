// Package wholefile writes a file as a whole or not at all: whoever reads it sees the
// old content or the new one, and an error leaves nothing half written behind.
package wholefile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"crosstalk/internal/atexit"
)

// Error is why a file could not be written.
type Error struct {
	Path string
	// Cause is without the path: several files may have the same one.
	Cause error
}

func (e *Error) Error() string { return fmt.Sprintf("write %s: %v", e.Path, e.Cause) }
func (e *Error) Unwrap() error { return e.Cause }

// Write writes a file in a folder that exists: under another name beside it, which ends
// in .tmp, and renames that. What is there and is no regular file, as /dev/stdout, is
// written to as it is. Its error is an *Error.
func Write(path string, data []byte) error {
	if err := write(path, data); err != nil {
		return &Error{path, causeOf(err)}
	}
	return nil
}

func write(path string, data []byte) error {
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return os.WriteFile(path, data, 0o644)
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	beside := path + "." + rand.Text()[:8] + ".tmp"
	defer atexit.Remove(beside)()
	err := writeNew(beside, data)
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		_ = os.Remove(beside) // it may not be there
	}
	return err
}

// writeNew writes a file that does not exist, to the disk.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// causeOf takes off the path, which is that of the file beside, or said already.
func causeOf(err error) error {
	var of *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &of):
		return of.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
