//go:build !unix

package openfiles

// Limit is how many files the process may have open; not ok, as there is no such limit.
func Limit() (files uint64, ok bool) { return 0, false }
