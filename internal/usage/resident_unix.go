//go:build unix && !linux

package usage

import "golang.org/x/sys/unix"

// MaxResident returns the most memory, in bytes, that the process has held at once.
func MaxResident() int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return int64(usage.Maxrss) * maxrssUnit
}
