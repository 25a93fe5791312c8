//go:build unix

package placement

import "syscall"

// apart puts a process into a group of its own, so that a Ctrl-C at the terminal is
// the driver's alone.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
