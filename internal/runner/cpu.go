package runner

import "time"

// cpuMeter takes the CPU time that this process, all of it, uses between start
// and stop.
type cpuMeter struct {
	used, wall time.Duration
	from       time.Duration
	began      time.Time
}

func (m *cpuMeter) start() { m.from, m.began = processCPU(), time.Now() }

func (m *cpuMeter) stop() { m.used, m.wall = processCPU()-m.from, time.Since(m.began) }
