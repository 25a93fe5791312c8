//go:build !unix

package topology

import (
	"os"
	"syscall"
)

func apart() *syscall.SysProcAttr { return nil }

func goOn(*os.Process) {}
