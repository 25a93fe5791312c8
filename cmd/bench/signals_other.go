//go:build !unix

package main

import (
	"os"
	"syscall"
)

// writeSignals end a program whose output nobody reads.
var writeSignals = []os.Signal{syscall.SIGPIPE}
