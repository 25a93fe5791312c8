//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sys

import (
	"os"
	"path/filepath"
	"syscall"
)

// own locks a folder's file. It has its name only once it is locked: whoever sweeps in
// between finds a folder without one, and leaves it.
func own(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, ownerFile+"-")
	if err != nil {
		return nil, err
	}
	if err = lock(file); err == nil {
		err = os.Rename(file.Name(), filepath.Join(dir, ownerFile))
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// abandoned returns the owner's file, locked, where nobody has it locked; else nil.
func abandoned(name string) *os.File {
	file, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	if lock(file) != nil {
		_ = file.Close()
		return nil
	}
	return file
}

// lock fails where another one has the lock. It is of this opening of the file: no child
// has it, and it ends with the process.
func lock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
