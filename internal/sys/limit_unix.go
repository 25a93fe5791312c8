//go:build unix

package sys

import "syscall"

// OpenFileLimit is how many files the process may have open; not ok where it is not known.
func OpenFileLimit() (files uint64, ok bool) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0, false
	}
	return uint64(limit.Cur), true
}
