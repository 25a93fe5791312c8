package rig

import (
	"syscall"
	"time"
)

// ThreadCPU is the user and system time that this thread has used.
func ThreadCPU() time.Duration {
	const rusageThread = 1
	var u syscall.Rusage
	_ = syscall.Getrusage(rusageThread, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
