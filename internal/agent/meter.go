package agent

import (
	"sync/atomic"
	"time"

	"crosstalk/internal/usage"
)

// meter takes the CPU time of the process from the start of the measured part on.
type meter struct{ before atomic.Int64 }

// beginIn starts the meter after d; where that has passed, at once.
func (m *meter) beginIn(d time.Duration) {
	m.before.Store(int64(usage.ProcessCPU()))
	if d > 0 {
		time.AfterFunc(d, func() { m.before.Store(int64(usage.ProcessCPU())) })
	}
}

func (m *meter) cpu() time.Duration { return usage.ProcessCPU() - time.Duration(m.before.Load()) }
