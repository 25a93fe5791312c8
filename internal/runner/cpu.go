package runner

import (
	"time"

	"crosstalk/internal/usage"
)

// cpuMeter takes the CPU time that this process, all of it, uses between start
// and stop, and the time that the cores are busy with anything at all.
type cpuMeter struct {
	used, busy, wall time.Duration
	cores            int // that busy is of; 0 where it is not known

	usedBefore, busyBefore time.Duration
	began                  time.Time
}

func (m *cpuMeter) start() {
	m.usedBefore, m.began = usage.ProcessCPU(), time.Now()
	m.busyBefore, m.cores = usage.CoresBusy()
}

func (m *cpuMeter) stop() {
	busy, _ := usage.CoresBusy()
	m.used, m.busy, m.wall = usage.ProcessCPU()-m.usedBefore, busy-m.busyBefore, time.Since(m.began)
}
