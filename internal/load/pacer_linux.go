package load

import "time"

// early covers a part of what the kernel's timer wakes late by. More makes sends more
// exact and is paid for in CPU, since what is left of it is spun: see
// BenchmarkLateness.
const early = 25 * time.Microsecond
