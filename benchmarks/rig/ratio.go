package rig

import (
	"runtime"
	"slices"
	"syscall"
	"time"
)

// Cost is what a slice of work took.
type Cost struct {
	Ops    int64
	CPU    time.Duration // of this process
	Wall   time.Duration
	Allocs uint64
	Bytes  uint64
}

// Measure runs work, which returns how many operations it did.
func Measure(work func() int64) Cost {
	runtime.GC() // so that no slice pays for the garbage of the one before
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, begin := CPU(), time.Now()
	ops := work()
	c := Cost{Ops: ops, CPU: CPU() - cpu, Wall: time.Since(begin)}
	runtime.ReadMemStats(&after)
	c.Allocs, c.Bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	return c
}

// CPUPerOp is in nanoseconds.
func (c Cost) CPUPerOp() float64 { return float64(c.CPU) / float64(max(c.Ops, 1)) }

// AllocsPerOp is the number of objects.
func (c Cost) AllocsPerOp() float64 { return float64(c.Allocs) / float64(max(c.Ops, 1)) }

// Rate is the operations per second.
func (c Cost) Rate() float64 { return float64(c.Ops) / c.Wall.Seconds() }

// CPU is the user and system time that this process has used.
func CPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Median returns the middle value, or the mean of the two; 0 of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// Ratios gathers pairs of figures that were taken side by side.
type Ratios struct{ ratios, ours, theirs []float64 }

// Add adds a pair.
func (r *Ratios) Add(ours, theirs float64) {
	r.ours, r.theirs = append(r.ours, ours), append(r.theirs, theirs)
	if theirs > 0 {
		r.ratios = append(r.ratios, ours/theirs)
	}
}

// Median is the median of the ratios, which need not be the ratio of the medians.
func (r *Ratios) Median() float64 { return Median(r.ratios) }

// Ours and Theirs are the medians of the two sides.
func (r *Ratios) Ours() float64   { return Median(r.ours) }
func (r *Ratios) Theirs() float64 { return Median(r.theirs) }
