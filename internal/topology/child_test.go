//go:build unix

package topology

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"crosstalk/internal/fault"
	"crosstalk/scenarios"
)

// asChild is the variable that has this program be a child process: what it says how.
const asChild = "CROSSTALK_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(asChild) {
	case "":
		os.Exit(m.Run())
	case "refuses":
		fmt.Fprintln(os.Stderr, "bench: the port is in use")
		os.Exit(1)
	case "dies":
		fmt.Println(`{"control":"127.0.0.1:1"}`)
		fmt.Fprintln(os.Stderr, "bench: the disk is full")
		os.Exit(1)
	case "leaves":
		leave := make(chan os.Signal, 1)
		signal.Notify(leave, syscall.SIGTERM)
		fmt.Printf("{\"control\":\"127.0.0.1:%d\"}\n", os.Getpid()) // which tells one from the next
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
		<-leave
		fmt.Fprintln(os.Stderr, "left in good order")
		os.Exit(0)
	}
}

// childThat returns a child that is not started, and what died is told of.
func childThat(t *testing.T, does string) (c *child, died func(Death), deaths <-chan Death) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asChild, does)
	c = &child{name: "A", node: true, program: []string{self}, args: func(*child) []string { return nil }}
	t.Cleanup(func() { _ = c.end() })
	told := make(chan Death, 10)
	return c, func(d Death) { told <- d }, told
}

func started(t *testing.T, c *child, died func(Death)) (pid int) {
	t.Helper()
	if err := c.start(t.Context(), died); err != nil {
		t.Fatal(err)
	}
	return c.cmd.Process.Pid
}

// none fails where somebody has died: it is called once the child has ended.
func none(t *testing.T, deaths <-chan Death) {
	t.Helper()
	select {
	case d := <-deaths:
		t.Errorf("nobody asked for: %v", d)
	default:
	}
}

func TestAChildThatDoesNotStart(t *testing.T) {
	c, died, _ := childThat(t, "refuses")
	if err := c.start(t.Context(), died); err == nil || err.Error() != "A did not start: bench: the port is in use" {
		t.Errorf("%v", err)
	}
	if err := (&child{name: "A", program: []string{"/nowhere/bench"}, args: c.args}).start(t.Context(), died); err == nil || !strings.HasPrefix(err.Error(), "start A: ") {
		t.Errorf("%v", err)
	}
}

// An end that nobody asked for is told, with the reason; one that was asked for is not.
func TestEndsOfAChild(t *testing.T) {
	t.Run("by itself", func(t *testing.T) {
		c, died, deaths := childThat(t, "dies")
		started(t, c, died)
		if d := <-deaths; d.Error() != "A has ended by itself, exit status 1: the disk is full" {
			t.Errorf("%v", d)
		}
	})
	t.Run("by somebody else", func(t *testing.T) {
		c, died, deaths := childThat(t, "leaves")
		if err := syscall.Kill(started(t, c, died), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if d := <-deaths; d.Error() != "A has ended by itself, signal: killed" {
			t.Errorf("%v", d)
		}
	})
	for _, kind := range []fault.Kind{fault.Kill, fault.Stop} {
		t.Run("by a "+string(kind), func(t *testing.T) {
			c, died, deaths := childThat(t, "leaves")
			started(t, c, died)
			if err := c.signal(kind); err != nil {
				t.Fatal(err)
			}
			<-c.exited
			none(t, deaths)
			inOrder := strings.Contains(string(c.said.all()), "left in good order")
			if inOrder != (kind == fault.Stop) || c.cmd.ProcessState.Success() != inOrder {
				t.Errorf("%v: %s", c.cmd.ProcessState, c.said.all())
			}
		})
	}
	t.Run("at the end", func(t *testing.T) {
		c, died, deaths := childThat(t, "leaves")
		started(t, c, died)
		if err := c.end(); err != nil || !c.cmd.ProcessState.Success() {
			t.Errorf("%v, %v", err, c.cmd.ProcessState)
		}
		none(t, deaths)
		if err := c.end(); err != nil {
			t.Errorf("again: %v", err)
		}
	})
	t.Run("at the end, stopped by somebody", func(t *testing.T) {
		c, died, deaths := childThat(t, "leaves")
		if err := syscall.Kill(started(t, c, died), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := c.end(); err != nil || !c.cmd.ProcessState.Success() || time.Since(begun) > leaveLimit/2 {
			t.Errorf("%v, %v after %v", err, c.cmd.ProcessState, time.Since(begun))
		}
		none(t, deaths)
	})
	t.Run("never started", func(t *testing.T) {
		c, _, _ := childThat(t, "leaves")
		if err := c.end(); err != nil {
			t.Error(err)
		}
	})
}

// heard is a Witness that notes what it is told.
type heard struct {
	mu  sync.Mutex
	all []string
	// refuses is what it says to the next Before.
	refuses error
}

func (h *heard) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, what)
}

func (h *heard) Before(_ context.Context, control string) error {
	h.note("before " + control)
	return h.refuses
}

func (h *heard) Signals(w fault.Window, _ time.Duration) { h.note("signals " + w.String()) }

func (h *heard) Again(_ context.Context, control string) error {
	h.note("again " + control)
	return nil
}

// A fault takes the process away for its window and starts another one in its place, which
// is prepared as it was; all is told in order, and how long it really was.
func TestAChildIsStartedAgain(t *testing.T) {
	for _, kind := range []fault.Kind{fault.Kill, fault.Stop} {
		t.Run(string(kind), func(t *testing.T) {
			c, died, deaths := childThat(t, "leaves")
			before := started(t, c, died)
			first := c.control
			window := fault.Window{Start: 20 * time.Millisecond, Length: 50 * time.Millisecond}
			f := &signalled{Fault: fault.Fault{Target: fault.Target{Service: "A"}, Kind: kind, Window: window}}
			c.faults = []*signalled{f}
			c.ready = func(ctx context.Context, c *child, w Witness) error { return w.Again(ctx, c.control) }
			topology := &Topology{Topology: scenarios.Elsewhere(envOf()), children: []*child{c}}
			h := &heard{}
			begin := time.Now()
			if err := topology.Perform(t.Context(), begin, h); err != nil {
				t.Fatal(err)
			}
			took := time.Since(begin)
			if after := c.cmd.Process.Pid; after == before || c.cmd.ProcessState != nil {
				t.Errorf("process %d is %d again, %v", before, after, c.cmd.ProcessState)
			}
			if want := []string{"before " + first, "signals " + window.String(), "again " + c.control}; !slices.Equal(h.all, want) {
				t.Errorf("told %q, want %q", h.all, want)
			}
			d := f.delivered
			if d.Start < window.Start || d.End() < window.End() || d.End() > took {
				t.Errorf("delivered %v of %v, in %v", d, window, took)
			}
			none(t, deaths)
			select {
			case err := <-topology.Failed():
				t.Errorf("the run ends: %v", err)
			default:
			}
		})
	}
}

// What keeps a process from being read ends the run, and the process is not signalled.
func TestAChildThatCannotBeReadIsNotKilled(t *testing.T) {
	c, died, deaths := childThat(t, "leaves")
	started(t, c, died)
	c.faults = []*signalled{{Fault: fault.Fault{Target: fault.Target{Service: "A"}, Kind: fault.Kill, Window: fault.Window{Start: 1, Length: 1}}}}
	topology := &Topology{Topology: scenarios.Elsewhere(envOf()), children: []*child{c}}
	silent := errors.New("it gives no sign of life")
	if err := topology.Perform(t.Context(), time.Now(), &heard{refuses: silent}); !errors.Is(err, silent) || !strings.HasPrefix(err.Error(), "A:kill@") {
		t.Errorf("%v", err)
	}
	select {
	case <-c.exited:
		t.Error("it was killed")
	default:
	}
	none(t, deaths)
}

// The end of a run in the middle of a window is told as it was.
func TestTheRunEndsInAWindow(t *testing.T) {
	c, died, _ := childThat(t, "leaves")
	started(t, c, died)
	f := &signalled{Fault: fault.Fault{Target: fault.Target{Service: "A"}, Kind: fault.Kill, Window: fault.Window{Start: 1, Length: time.Hour}}}
	c.faults = []*signalled{f}
	topology := &Topology{Topology: scenarios.Elsewhere(envOf()), children: []*child{c}}
	ctx, cancel := context.WithCancel(t.Context())
	exited := c.exited
	go func() {
		<-exited
		cancel()
	}()
	if err := topology.Perform(ctx, time.Now(), &heard{}); err != nil {
		t.Error(err)
	}
	if f.delivered.Start <= 0 || f.delivered.Length <= 0 || f.delivered.Length > time.Minute {
		t.Errorf("delivered %v", f.delivered)
	}
}
