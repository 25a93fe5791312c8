//go:build !unix

package placement

import "syscall"

func apart() *syscall.SysProcAttr { return nil }
