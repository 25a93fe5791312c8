//go:build !linux

package load

import "time"

// nap leaves out the last 1.1 ms, which Go's timers may be late by; the rest is
// spun, at the price of more CPU than on Linux.
func nap(d time.Duration) {
	const late = 1100 * time.Microsecond
	if d > late {
		time.Sleep(d - late)
	}
}

func sharpen() {}
