package load

import "time"

// early covers what the kernel's timer wakes late by: 50 µs at the median.
const early = 80 * time.Microsecond
