//go:build unix

package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// ProcessCPU returns the user and system time that the process has used.
func ProcessCPU() time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
