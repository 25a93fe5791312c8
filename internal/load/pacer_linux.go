package load

import "time"

// early is what the kernel's timer wakes late by at least. More would be spun: 80 µs,
// its median on a busy machine, makes half as many sends late, for twice the CPU; see
// BenchmarkLateness.
const early = 25 * time.Microsecond
