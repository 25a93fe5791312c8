//go:build !unix

package sys

import "time"

// ProcessCPU is 0 where there is no getrusage: the figures that follow from it
// are 0 too, and a saturated CPU is seen by late sends alone.
func ProcessCPU() time.Duration { return 0 }

// MaxResident is not known either.
func MaxResident() int64 { return 0 }
