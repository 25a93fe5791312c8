package sys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	prefix    = "crosstalk-"
	ownerFile = "owner"
)

// Scratch is a temporary folder of this process.
type Scratch struct {
	path  string
	owner *os.File // nil where the system knows no locks
	drop  func()   // takes back that an exit at once removes it
}

// NewScratch makes a folder for the caller alone, and removes those of the same user that
// nobody owns any more.
func NewScratch() (*Scratch, error) {
	sweep(os.TempDir())
	path, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	f := &Scratch{path: path, drop: RemoveAtExit(path)}
	if f.owner, err = own(path); err != nil {
		return nil, errors.Join(fmt.Errorf("lock a temporary folder: %w", err), f.Remove())
	}
	return f, nil
}

// Path is where the folder is.
func (f *Scratch) Path() string { return f.path }

// Remove removes the folder with all that is in it.
func (f *Scratch) Remove() error {
	defer f.drop()
	err := os.RemoveAll(f.path)
	if f.owner != nil { // only now: until then it is ours
		err = errors.Join(err, f.owner.Close())
	}
	return err
}

// sweep removes the folders in dir whose owner is dead. What it cannot remove, it leaves
// to the next start: it is no reason not to go on.
func sweep(dir string) {
	folders, _ := filepath.Glob(filepath.Join(dir, prefix+"*")) // the pattern is good
	for _, path := range folders {
		if owner := abandoned(filepath.Join(path, ownerFile)); owner != nil {
			_ = os.RemoveAll(path)
			_ = owner.Close()
		}
	}
}
