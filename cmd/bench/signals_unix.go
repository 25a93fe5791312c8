//go:build unix

package main

import (
	"os"
	"syscall"
)

// writeSignals end a program whose output nobody reads, or whose file is too large.
var writeSignals = []os.Signal{syscall.SIGPIPE, syscall.SIGXFSZ}
