package sys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteError is why a file could not be written.
type WriteError struct {
	Path string
	// Cause is without the path: several files may have the same one.
	Cause error
}

func (e *WriteError) Error() string { return fmt.Sprintf("write %s: %v", e.Path, e.Cause) }
func (e *WriteError) Unwrap() error { return e.Cause }

// WriteFile writes a file in a folder that exists: under another name beside it, which ends
// in .tmp, and renames that. What is there and is no regular file, as /dev/stdout, is
// written to as it is. Its error is an *WriteError.
func WriteFile(path string, data []byte) error {
	if err := write(path, data); err != nil {
		return &WriteError{path, causeOf(err)}
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
	defer RemoveAtExit(beside)()
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
