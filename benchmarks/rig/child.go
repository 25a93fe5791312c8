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
	var nanos int64
	switch as := os.Getenv(role); {
	case as == "":
		return
	case as == "echo":
		err = ServeEcho()
	default:
		if _, err = fmt.Sscan(as, &seed, &nanos); err == nil {
			err = ServeTruth(seed, time.Duration(nanos))
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
	e, _, err := startChild("echo")
	return e, err
}

// startChild starts this program again, in a role, and returns it with what it prints
// after its address.
func startChild(as string) (*Echo, *bufio.Reader, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), role+"="+as)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	e := &Echo{stdin: stdin, process: cmd}
	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("the server did not start: %w", err), e.Close())
	}
	e.Address = strings.TrimSpace(line)
	return e, out, nil
}

// Close ends the process and waits for it.
func (e *Echo) Close() error {
	return errors.Join(e.stdin.Close(), e.process.Wait())
}
