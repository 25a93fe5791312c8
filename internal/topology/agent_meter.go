package topology

import (
	"sync/atomic"
	"time"

	"crosstalk/internal/sys"
)

// meter takes the CPU time of the process over the measured part, as the driver takes
// its own: what comes after, such as the comparison of copies, is not the load's.
type meter struct{ before, after atomic.Int64 }

// begin starts the meter after d and ends it after that and length; where that has
// passed, at once.
func (m *meter) begin(d, length time.Duration) {
	at := func(d time.Duration, mark *atomic.Int64) {
		take := func() { mark.Store(int64(sys.ProcessCPU())) }
		if d <= 0 {
			take()
			return
		}
		time.AfterFunc(d, take)
	}
	m.before.Store(int64(sys.ProcessCPU())) // until then
	at(d, &m.before)
	at(d+length, &m.after)
}

func (m *meter) cpu() time.Duration {
	until := time.Duration(m.after.Load())
	if until == 0 { // it goes on
		until = sys.ProcessCPU()
	}
	return until - time.Duration(m.before.Load())
}
