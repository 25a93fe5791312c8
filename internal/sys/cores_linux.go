package sys

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of /proc/stat on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// CoresBusy is for how long the cores that this process may run on have been busy
// since the machine started: with this process, with others, or, in a virtual
// machine, with other machines. All three keep a request waiting alike.
func CoresBusy() (busy time.Duration, cores int) {
	var allowed unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil {
		return 0, 0
	}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	return busyOf(string(text), allowed.IsSet)
}

// busyOf adds up the cpuN lines of /proc/stat for the cores that are allowed.
func busyOf(stat string, allowed func(core int) bool) (busy time.Duration, cores int) {
	for line := range strings.Lines(stat) {
		fields := strings.Fields(line)
		if len(fields) < 9 {
			continue
		}
		name, isCore := strings.CutPrefix(fields[0], "cpu")
		core, err := strconv.Atoi(name)
		if !isCore || err != nil || !allowed(core) {
			continue
		}
		cores++
		// user nice system idle iowait irq softirq steal; guests are part of user.
		for i, field := range fields[1:9] {
			if n, err := strconv.ParseInt(field, 10, 64); err == nil && i != 3 && i != 4 {
				busy += time.Duration(n) * tick
			}
		}
	}
	return busy, cores
}
