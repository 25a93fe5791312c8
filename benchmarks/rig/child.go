package rig

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// role tells a child process of this program what it is.
const role = "CROSSTALK_RIG"

// AsChild serves the echo, or the truth, and ends the process, where it was started for
// that.
func AsChild() {
	var err error
	var seed uint64
	var d time.Duration
	switch as := os.Getenv(role); {
	case as == "":
		return
	case as == "echo":
		err = ServeEcho()
	default:
		if _, err = fmt.Sscan(as, &seed, &d); err == nil {
			err = ServeTruth(seed, d)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Echo is an echo server in a process of its own.
type Echo struct {
	Address string
	stdin   io.Closer
	process *exec.Cmd
}

// StartEcho starts this program again, as an echo server.
func StartEcho() (*Echo, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), role+"=echo")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	e := &Echo{stdin: stdin, process: cmd}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the echo server did not start: %w", err), e.Close())
	}
	e.Address = strings.TrimSpace(line)
	return e, nil
}

// Close ends the process and waits for it.
func (e *Echo) Close() error {
	return errors.Join(e.stdin.Close(), e.process.Wait())
}
