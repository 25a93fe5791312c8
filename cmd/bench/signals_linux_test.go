//go:build long

// Real signals to real processes, as Linux shows them. .ci/run runs this package once
// more without the race detector.

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"crosstalk/fakesvc"
	"crosstalk/internal/telemetry"
)

// program is this program as a process of its own.
type program struct {
	*osexec.Cmd
	mu   sync.Mutex
	said bytes.Buffer
	temp string // where its temporary files go
	left chan struct{}
}

// begin starts it. It is killed at the end of the test, unless it has ended.
func begin(t *testing.T, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: osexec.Command(self, args...), temp: t.TempDir(), left: make(chan struct{})}
	p.Env = append(os.Environ(), "TMPDIR="+p.temp)
	p.Stderr = p
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.left)
		_ = p.Wait() // its state has the outcome
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.left
	})
	return p
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *program) stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// ended waits for its end, and returns its exit code: -1 where a signal ended it.
func (p *program) ended(t *testing.T, within time.Duration) int {
	t.Helper()
	select {
	case <-p.left:
	case <-time.After(within):
		t.Fatalf("%v has not ended in %v: %s", p.Args[1:], within, p.stderr())
	}
	return p.ProcessState.ExitCode()
}

func (p *program) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// childrenOf returns the processes that a process has started and that run.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if state := stateOf(pid); err == nil && len(state) > 1 && state[1] == strconv.Itoa(parent) && alive(pid) {
			out = append(out, pid)
		}
	}
	return out
}

// stateOf returns the fields of a process's state from the third on; none where it is
// not there.
func stateOf(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

// alive tells whether a process is there and has not ended: one that nobody has
// reaped has.
func alive(pid int) bool {
	state := stateOf(pid)
	return len(state) > 0 && state[0] != "Z" && state[0] != "X"
}

// No child outlives the driver, however it dies, and what the driver can still remove
// is removed.
func TestNoChildOutlivesTheDriver(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGKILL, -1}, {syscall.SIGINT, exitInterrupted}, {syscall.SIGHUP, exitInterrupted}, {syscall.SIGQUIT, exitInterrupted}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			p := begin(t, "run", "--scenario=async-request", "--placement=process", "--rate=50", "--latency=100ms", "--warmup=0s", "--duration=30s", "--out="+out)
			var children []int
			soon(t, time.Minute, "requests under way in A, B, C, D and the broker", func() bool {
				children = childrenOf(t, p.Process.Pid)
				return len(children) == 5 && strings.Contains(p.stderr(), "measuring")
			})
			p.signal(t, c.signal)
			soon(t, 2*time.Second, fmt.Sprintf("the end of the children %v", children), func() bool {
				for _, pid := range children {
					if alive(pid) {
						return false
					}
				}
				return true
			})
			if code := p.ended(t, 5*time.Second); code != c.code {
				t.Errorf("exit code %d, want %d: %s", code, c.code, p.stderr())
			}
			kept, err := filepath.Glob(filepath.Join(p.temp, "*"))
			if err != nil {
				t.Fatal(err)
			}
			results, _ := filepath.Glob(filepath.Join(out, "*", "async-request", "run.json"))
			if c.signal == syscall.SIGKILL { // the driver's folder with all databases, as nobody is left to remove it
				if len(kept) != 1 || len(results) != 0 {
					t.Errorf("%v are left, and results %v", kept, results)
				}
			} else if len(kept) != 0 || len(results) != 1 {
				t.Errorf("%v are left, and results %v", kept, results)
			}
		})
	}
}

// serving starts a node of service A, and waits for it. It has workers, so that its
// metrics tell what has arrived.
func serving(t *testing.T, more ...string) (p *program, address, metrics string) {
	t.Helper()
	address, metrics = freePort(t), freePort(t)
	p = begin(t, append([]string{"serve", "--service=A", "--scenario=sync", "--keys=10", "--timeout=60s", "--workers=A=10,queue=10",
		"--listen=" + address, "--control=" + freePort(t), "--metrics=" + metrics}, more...)...)
	soon(t, 10*time.Second, "the node is SERVING", func() bool {
		code, _, _ := bench(t, t.Context(), "health", address)
		return code == exitOK
	})
	return p, address, metrics
}

var oneArrived = regexp.MustCompile(`(?m)^crosstalk_workers_arrived_total\{.*service="A".*\} 1$`)

// ask sends the first query to a node, and returns when it has arrived. It takes as long as
// the service works; answered has its outcome.
func ask(t *testing.T, address, metrics string) (answered chan error) {
	t.Helper()
	client, err := fakesvc.Dial(fakesvc.Env{Dial: (&net.Dialer{}).DialContext}, "A", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if err := client.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	answered = make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	go func() {
		_, err := client.Query(fakesvc.WithRequest(ctx, fakesvc.Request{ID: 1}), 1)
		answered <- err
	}()
	soon(t, 10*time.Second, "the query is in flight", func() bool {
		response, err := http.Get("http://" + metrics + telemetry.Path)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return err == nil && oneArrived.Match(text)
	})
	return answered
}

// SIGTERM has a node leave: it is NOT_SERVING at once, and what is under way is done.
func TestNodeLeavesInGoodOrder(t *testing.T) {
	t.Parallel()
	p, address, metrics := serving(t, "--latency=2s", "--grace=20s")
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	watch, err := grpc_health_v1.NewHealthClient(conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if is, err := watch.Recv(); err != nil || is.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("its health is %v, %v", is, err)
	}
	answered := ask(t, address, metrics)
	p.signal(t, syscall.SIGTERM)
	if is, err := watch.Recv(); err != nil || is.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("its health is %v, %v", is, err)
	}
	select {
	case err := <-answered:
		t.Errorf("the query was over when the node had not begun to leave: %v", err)
	default:
	}
	if code := p.ended(t, 10*time.Second); code != exitOK {
		t.Errorf("exit code %d: %s", code, p.stderr())
	}
	if err := <-answered; err != nil {
		t.Errorf("a query that was under way: %v", err)
	}
	if kept, _ := filepath.Glob(filepath.Join(p.temp, "*")); len(kept) != 0 {
		t.Errorf("%v are left", kept)
	}
}

// What does not end within the grace is cut, and said in one line.
func TestNodeRunsOutOfGrace(t *testing.T) {
	t.Parallel()
	p, address, metrics := serving(t, "--latency=50s", "--grace=300ms")
	answered := ask(t, address, metrics)
	p.signal(t, syscall.SIGTERM)
	code := p.ended(t, 5*time.Second)
	if want := "bench: what was under way did not end within the grace of 300ms"; code != exitFailed || lastLine(p.stderr()) != want {
		t.Errorf("exit code %d: %s", code, lastLine(p.stderr()))
	}
	if err := <-answered; err == nil {
		t.Error("the query has an answer")
	}
}

// A second signal ends a node at once.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p, address, metrics := serving(t, "--latency=50s", "--grace=50s")
	ask(t, address, metrics)
	p.signal(t, syscall.SIGTERM)
	soon(t, 5*time.Second, "it is leaving", func() bool { return strings.Contains(p.stderr(), `"leaving"`) })
	p.signal(t, syscall.SIGTERM) // the same wish
	time.Sleep(sameWish)         // counts from the first, which it has heard by now
	if !alive(p.Process.Pid) {
		t.Fatalf("a second signal within %v ended it: %s", sameWish, p.stderr())
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.ended(t, 2*time.Second); code != exitInterrupted || !strings.Contains(p.stderr(), "after terminated: ended at once") {
		t.Errorf("exit code %d: %s", code, p.stderr())
	}
	if kept, _ := filepath.Glob(filepath.Join(p.temp, "*")); len(kept) != 0 {
		t.Errorf("%v are left", kept)
	}
}

// A second signal ends a run at once that cannot end in order, as one of its processes
// stands still: nothing is left of it.
func TestSecondSignalEndsARun(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	p := begin(t, "run", "--scenario=sync", "--placement=process", "--rate=50", "--latency=none", "--warmup=0s", "--duration=60s", "--timeout=60s", "--out="+out)
	var children []int
	soon(t, time.Minute, "requests under way in A, B, C and D", func() bool {
		children = childrenOf(t, p.Process.Pid)
		return len(children) == 4 && strings.Contains(p.stderr(), "measuring")
	})
	for _, pid := range children {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	first := time.Now()
	soon(t, sameWish+2*time.Second, "a signal is a second one", func() bool {
		_ = p.Process.Signal(syscall.SIGTERM) // one within the moment is the same wish
		return strings.Contains(p.stderr(), "ended at once")
	})
	if took := time.Since(first); took < sameWish {
		t.Errorf("it ended %v after the first signal, within the moment of %v", took, sameWish)
	}
	if code := p.ended(t, 3*time.Second); code != exitInterrupted || !strings.Contains(p.stderr(), "after terminated: ended at once") {
		t.Errorf("exit code %d: %s", code, p.stderr())
	}
	for _, pid := range children {
		if alive(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
	for _, dir := range []string{p.temp, out} {
		if kept, _ := filepath.Glob(filepath.Join(dir, "*")); len(kept) != 0 {
			t.Errorf("%v are left", kept)
		}
	}
}

// A disk that is full, here a limit on a file's size, leaves no file that is not whole,
// and is said once.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	code, _, stderr := bench(t, t.Context(), brief("--scenario=sync", "--out="+out)...)
	folders, _ := filepath.Glob(filepath.Join(out, "*", "sync"))
	if (code != exitOK && code != exitInvalid) || len(folders) != 1 {
		t.Fatalf("exit code %d, %v: %s", code, folders, stderr)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	drawn := t.TempDir()
	report := osexec.Command("sh", "-c", `ulimit -f 8; exec "$@"`, "sh", self, "report", folders[0], "--format=html,png", "--out="+drawn)
	var said bytes.Buffer
	report.Stderr = &said
	if err := report.Run(); report.ProcessState.ExitCode() != exitFailed || strings.Count(said.String(), "file too large") != 1 || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("%v: %s", err, said.String())
	}
	if left, _ := filepath.Glob(filepath.Join(drawn, "*")); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}

// The reader of stdout has gone: what is measured is written all the same.
func TestNobodyReadsStdout(t *testing.T) {
	t.Parallel()
	out, temp := t.TempDir(), t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	defer write.Close()
	run := osexec.Command(self, brief("--scenario=sync", "--out="+out)...)
	run.Env = append(os.Environ(), "TMPDIR="+temp)
	var said bytes.Buffer
	run.Stdout, run.Stderr = write, &said
	if err := run.Run(); run.ProcessState.ExitCode() == exitOK || strings.Count(said.String(), "broken pipe") != 1 {
		t.Errorf("%v: %s", err, said.String())
	}
	if pages, _ := filepath.Glob(filepath.Join(out, "*", "report.html")); len(pages) != 1 {
		t.Errorf("there is no page: %s", said.String())
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}

// Too few files that may be open are said ahead of the load, in one line, and nothing is
// left.
func TestTooFewFiles(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "results")
	run := osexec.Command("sh", append([]string{"-c", `ulimit -n 64; exec "$@"`, "sh", self}, brief("--scenario=async-request", "--out="+out)...)...)
	var said bytes.Buffer
	run.Stderr = &said
	const want = "bench: start async-request: it needs some 112 open files at once, and this process may have 64: raise the limit, as with ulimit -n 1024"
	if err := run.Run(); run.ProcessState.ExitCode() != exitFailed || lastLine(said.String()) != want {
		t.Errorf("%v: %s", err, said.String())
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("a folder is left: %v", err)
	}
}
