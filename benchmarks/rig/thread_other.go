//go:build !linux

package rig

import "time"

// ThreadCPU is not known: what is measured by it is 0.
func ThreadCPU() time.Duration { return 0 }
