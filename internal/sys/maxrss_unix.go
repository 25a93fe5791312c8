//go:build unix && !linux

package sys

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// MaxResident returns the most memory, in bytes, that the process has held at once; 0
// where it cannot be read.
func MaxResident() int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // in bytes there, in kB elsewhere
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}
