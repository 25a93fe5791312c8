package topology

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"crosstalk/internal/fault"
	"crosstalk/internal/sys"
)

// child is a child process of the driver: one copy of a node, or the broker. It is
// started anew, at the same addresses, each time that it has been killed or stopped.
type child struct {
	name    string
	program []string
	token   string
	faults  []*signalled
	// args has it answer where it did before, if it did.
	args func(c *child) []string
	// ready makes a new process what the one before was.
	ready func(ctx context.Context, c *child, w Witness) error
	node  bool // and so has a control

	// listen is where it serves, and control where it is controlled, once it has
	// started.
	listen, control string
	// metrics is where it serves them; empty where it does not.
	metrics string

	mu       sync.Mutex
	cmd      *exec.Cmd
	exited   chan struct{} // closed when the process has ended
	expected bool          // its end is
	said     *tail
}

// programOf is what starts a node.
func programOf(command []string) ([]string, error) {
	if len(command) > 0 {
		return command, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return []string{self}, nil
}

// start starts the process, and returns when its control answers. died is told of an
// end of it that nobody asked for.
func (c *child) start(ctx context.Context, died func(Death)) error {
	args := append(c.program[1:len(c.program):len(c.program)], c.args(c)...)
	cmd := exec.Command(c.program[0], append(args, "--until-stdin-ends")...)
	cmd.Env = append(os.Environ(), "CROSSTALK_TOKEN="+c.token)
	cmd.SysProcAttr = apart()
	said := &tail{}
	cmd.Stderr = said
	if _, err := cmd.StdinPipe(); err != nil { // our death closes it, and so ends the process
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	exited := make(chan struct{})
	ended := sys.AtExit(func() { kill(cmd, exited) })
	c.mu.Lock()
	c.cmd, c.exited, c.expected, c.said = cmd, exited, false, said
	c.mu.Unlock()
	line := make(chan string, 1)
	go func() {
		r := bufio.NewReader(out)
		first, _ := r.ReadString('\n')
		line <- first
		_, _ = io.Copy(io.Discard, r)
		c.wait(cmd, exited, died)
		ended()
	}()
	return c.answered(ctx, line, exited, said)
}

const (
	anyPort = "127.0.0.1:0"
	grace   = 10 * time.Second
)

// answered waits for the line that says where the process answers.
func (c *child) answered(ctx context.Context, line <-chan string, exited <-chan struct{}, said *tail) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var hello struct{ Control, Broker, Metrics string }
	select {
	case text := <-line:
		if json.Unmarshal([]byte(text), &hello) == nil && hello.Control+hello.Broker != "" {
			c.control, c.metrics = hello.Control, hello.Metrics
			if hello.Broker != "" {
				c.listen = hello.Broker
			}
			return nil
		}
		<-exited
		return fmt.Errorf("%s did not start: %s", c.name, said.lastLine())
	case <-ctx.Done():
		return fmt.Errorf("%s did not start: %w", c.name, ctx.Err())
	}
}

// wait reaps the process.
func (c *child) wait(cmd *exec.Cmd, exited chan struct{}, died func(Death)) {
	err := cmd.Wait()
	c.mu.Lock()
	expected, said := c.expected, c.said
	c.mu.Unlock()
	close(exited)
	if expected {
		return
	}
	if err == nil {
		err = errors.New("exit status 0")
	}
	died(Death{c.name, err, said.all()})
}

// kill kills a process, and waits until it is gone: it writes nothing any more.
func kill(cmd *exec.Cmd, exited <-chan struct{}) {
	_ = cmd.Process.Kill() // it may have ended
	select {
	case <-exited:
	case <-time.After(time.Second):
	}
}

// signal kills the process, or asks it to leave.
func (c *child) signal(k fault.Kind) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expected = true
	return c.cmd.Process.Signal(k.Signal())
}

// gone returns when the process has ended, and kills it where that takes too long.
func (c *child) gone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaveLimit)
	defer cancel()
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		err := c.cmd.Process.Kill()
		c.mu.Unlock()
		<-c.exited
		return errors.Join(fmt.Errorf("%s did not leave in %v, and was killed", c.name, leaveLimit), err)
	}
}

// end has the process leave, where it runs.
func (c *child) end() error {
	c.mu.Lock()
	cmd, exited := c.cmd, c.exited
	c.expected = true
	c.mu.Unlock()
	if cmd == nil {
		return nil
	}
	select {
	case <-exited:
		return nil
	default:
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended this moment
	goOn(cmd.Process)
	return c.gone(context.Background())
}
