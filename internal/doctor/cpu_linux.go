package doctor

import (
	"os"
	"strconv"
	"strings"
	"time"
)

func readUsage() usage {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return usage{}
	}
	return usageOf(string(text))
}

// usageOf reads the first line of /proc/stat, of all cores, in ticks of 10 ms: user
// nice system idle iowait irq softirq steal; guests are part of user.
func usageOf(stat string) (u usage) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return usage{}
	}
	const tick = 10 * time.Millisecond
	for i, field := range fields[1:9] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return usage{}
		}
		switch i {
		case 3, 4:
		case 7:
			u.stolen += time.Duration(n) * tick
		default:
			u.busy += time.Duration(n) * tick
		}
	}
	return u
}
