//go:build !linux

package load

import "time"

// early covers what Go's timers wake late by; it is spun, at the price of more CPU
// than on Linux.
const early = 1100 * time.Microsecond
