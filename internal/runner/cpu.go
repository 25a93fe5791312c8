package runner

import (
	"time"

	"crosstalk/internal/sys"
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
	m.usedBefore, m.began = sys.ProcessCPU(), time.Now()
	m.busyBefore, m.cores = sys.CoresBusy()
}

func (m *cpuMeter) stop() {
	busy, _ := sys.CoresBusy()
	m.used, m.busy, m.wall = sys.ProcessCPU()-m.usedBefore, busy-m.busyBefore, time.Since(m.began)
}
