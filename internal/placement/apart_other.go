//go:build !unix

package placement

import (
	"os"
	"syscall"
)

func apart() *syscall.SysProcAttr { return nil }

func goOn(*os.Process) {}
