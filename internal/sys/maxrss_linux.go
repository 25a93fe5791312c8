package sys

import (
	"os"
	"strconv"
	"strings"
)

// MaxResident returns the most memory, in bytes, that the process has held at once; 0
// where it cannot be read. It is not ru_maxrss: that begins with what the process had
// held that started this one.
func MaxResident() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "\nVmHWM:")
	kB, _, _ := strings.Cut(after, " kB")
	n, err := strconv.ParseInt(strings.TrimSpace(kB), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
