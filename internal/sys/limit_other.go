//go:build !unix

package sys

// OpenFileLimit is how many files the process may have open; not ok, as there is no such limit.
func OpenFileLimit() (files uint64, ok bool) { return 0, false }
