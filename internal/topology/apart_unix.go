//go:build unix

package topology

import (
	"os"
	"syscall"
)

// apart puts a process into a group of its own, so that a Ctrl-C at the terminal is
// the driver's alone.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// goOn has a process that somebody has stopped go on, so that it can leave.
func goOn(p *os.Process) { _ = p.Signal(syscall.SIGCONT) }
