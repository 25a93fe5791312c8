package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// nap sleeps in the kernel. Go's own timers wake through the poller instead,
// which rounds to about a millisecond.
func nap(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // cut short by a signal: the caller looks at the clock
}

// sharpen has the kernel wake the thread at the asked moment, not up to 50 µs
// after it. Where it is refused, the sleep is only less exact.
func sharpen() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) }
