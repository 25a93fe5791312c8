package doctor

import (
	"runtime"
	"time"
)

// meter tells who used the cores between start and stop.
type meter struct {
	own   time.Duration
	usage usage
	began time.Time
}

// usage is for how long the cores were at work since the machine started: for
// programs here, and for other machines on the same host.
type usage struct{ busy, stolen time.Duration }

func (m *meter) start() { m.own, m.usage, m.began = processCPU(), readUsage(), time.Now() }

func (m *meter) stop() CPU {
	return share(processCPU()-m.own, m.usage, readUsage(), time.Since(m.began), runtime.NumCPU())
}

// share turns two readings into shares of the cores.
func share(own time.Duration, before, after usage, wall time.Duration, cores int) CPU {
	if after == (usage{}) || wall <= 0 {
		return CPU{}
	}
	of := func(d time.Duration) float64 { return max(d.Seconds()/wall.Seconds()/float64(cores), 0) }
	return CPU{
		Known: true, Own: of(own), Others: of(after.busy - before.busy - own), Stolen: of(after.stolen - before.stolen),
	}
}
