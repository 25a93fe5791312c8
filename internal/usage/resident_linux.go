package usage

import (
	"os"
	"strconv"
	"strings"
)

// MaxResident returns the most memory, in bytes, that the process has held at once;
// 0 where /proc does not tell. That of getrusage is no less than what the process
// held that has started this one.
func MaxResident() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}
