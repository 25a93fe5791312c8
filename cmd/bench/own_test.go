//go:build long

// Without the race detector, as these are processes, of which the example is built.

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/result"
)

// ownServices starts A, B and C as nodes and the example as D, and returns the file
// that tells where they are. They end with the test, and must do so in good order.
func ownServices(t *testing.T, flags ...string) (nodes string) {
	t.Helper()
	dir := t.TempDir()
	var file strings.Builder
	d := []string{filepath.Join(dir, "own-service"), "--listen=" + freePort(t)}
	build := osexec.Command("go", "build", "-o", d[0], "crosstalk/examples/own-service")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"A", "B", "C"} {
		address, control := freePort(t), freePort(t)
		fmt.Fprintf(&file, "%s: {address: %s, control: %s}\n", service, address, control)
		startProcess(t, self, "serve", "--service="+service, "--listen="+address, "--control="+control)
		d = append(d, "--need="+service+"="+address)
	}
	fmt.Fprintf(&file, "D: {address: %s}\n", strings.TrimPrefix(d[1], "--listen="))
	startProcess(t, append(d, flags...)...)
	nodes = filepath.Join(dir, "nodes.yaml")
	write(t, nodes, file.String())
	return nodes
}

// freePort is an address that nobody listens at now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// startProcess starts a program that ends with the test, by SIGTERM and with code 0.
func startProcess(t *testing.T, command ...string) {
	t.Helper()
	cmd := osexec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "CROSSTALK_TEST_AS_BENCH=1")
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stuck := time.AfterFunc(15*time.Second, func() { cmd.Process.Kill() })
		defer stuck.Stop()
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s left with %v: %s", command[0], err, said.String())
		}
	})
}

func ownArgs(nodes, scenario, out string, more ...string) []string {
	return append([]string{"run", "--nodes=" + nodes, "--scenario=" + scenario, "--rate=100", "--write-rate=60", "--keys=10",
		"--duration=2s", "--warmup=500ms", "--latency=none", "--timeout=5s", "--out=" + out}, more...)
}

// runOwn has the driver run against such services.
func runOwn(t *testing.T, nodes, scenario string, more ...string) *result.Loaded {
	t.Helper()
	out := t.TempDir()
	code, _, stderr := bench(t, t.Context(), ownArgs(nodes, scenario, out, more...)...)
	run, err := result.Load(filepath.Join(finished(t, out, code, stderr), scenario))
	if err != nil {
		t.Fatal(err)
	}
	if run.Answers.Missing+run.Answers.Corrupt+run.Answers.Backwards > 0 || run.Answers.Correct == 0 {
		t.Errorf("answers %+v", run.Answers)
	}
	return run
}

func loadOnly(t *testing.T, out, scenario string) result.Run {
	t.Helper()
	folders, _ := filepath.Glob(filepath.Join(out, "*", scenario))
	if len(folders) != 1 {
		t.Fatalf("folders %v", folders)
	}
	r, err := result.Load(folders[0])
	if err != nil {
		t.Fatal(err)
	}
	return r.Run
}

// A service of one's own is judged as ours is: what it answers is right, and no
// figure that only its control could tell is made up.
func TestOwnService(t *testing.T) {
	t.Parallel()
	nodes := ownServices(t, "--timeout=5s")
	run := runOwn(t, nodes, "sync")
	if run.Answers.Stale > 0 || run.Requests.Failed > 0 {
		t.Errorf("%d answers stale, %d requests failed", run.Answers.Stale, run.Requests.Failed)
	}
	var names []string
	for _, p := range run.Processes {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "driver A B C" || run.CPUSecondsPer1000 != 0 || len(run.Stages) != 0 {
		t.Errorf("processes %q, %v CPU seconds, stages %v", got, run.CPUSecondsPer1000, run.Stages)
	}
	if store, ok := run.Environment.Stores["D"]; ok || len(run.Environment.Stores) != 3 {
		t.Errorf("D's store is %q, of %v", store, run.Environment.Stores)
	}
	said := strings.Join(run.Warnings, "; ")
	if !strings.Contains(said, "nothing tells of D") || strings.Contains(said, "theory says") {
		t.Errorf("warnings %q", said)
	}

	// One request is one use of B here: D fails as often as B was made to, exactly.
	run = runOwn(t, nodes, "sync", "--fail-rate=B=50%")
	i := len(run.Faults) - 1
	if i != 0 || run.Faults[0].Interactions != run.Requests.Sent || run.ErrorRate.Value != run.Faults[0].Delivered {
		t.Errorf("%v of %d requests failed, faults %+v", run.ErrorRate.Value, run.Requests.Sent, run.Faults)
	}
	if f := run.Faults[0]; f.Low > 0.5 || f.High < 0.5 {
		t.Errorf("delivered %v [%v, %v], asked 0.5", f.Delivered, f.Low, f.High)
	}

	code, _, stderr := bench(t, t.Context(), "run", "--nodes="+nodes, "--scenario=sync", "--fault=D.store:delay=5ms", "--out="+t.TempDir())
	if want := "D.store:delay=5ms cannot be done to a service that has no control"; code != exitFailed || !strings.Contains(lastLine(stderr), want) {
		t.Errorf("exit code %d, %s", code, lastLine(stderr))
	}
}

// A cache of its own makes a service stale, and never by more than it is kept. It has to
// be declared: without that, and with less, a stale answer is a wrong one.
func TestOwnServiceWithCache(t *testing.T) {
	t.Parallel()
	const ttl = 500 * time.Millisecond
	undeclared := ownServices(t, "--timeout=5s", "--cache="+ttl.String())
	text, err := os.ReadFile(undeclared)
	if err != nil {
		t.Fatal(err)
	}
	declared := func(cache string) string {
		path := filepath.Join(t.TempDir(), "nodes.yaml")
		write(t, path, strings.Replace(string(text), "D: {", "D: {cache: "+cache+", ", 1))
		return path
	}
	run := runOwn(t, declared(ttl.String()), "sync")
	if run.Answers.Stale == 0 || !strings.Contains(strings.Join(run.Warnings, "; "), "D is declared to have a cache: its answers may be outdated for 500ms") {
		t.Errorf("%d answers are stale, %q", run.Answers.Stale, run.Warnings)
	}
	// The record of the maximum is good to three digits.
	if oldest := run.Run.Staleness.Max; oldest < ttl.Seconds()/2 || oldest > ttl.Seconds()*1.001 {
		t.Errorf("the oldest answer was outdated for %v s, kept for %v", oldest, ttl)
	}
	for nodes, want := range map[string]string{
		undeclared:        "was acknowledged before the request was sent",
		declared("100ms"): "and the declared cache keeps it for 100ms",
	} {
		time.Sleep(ttl) // what it keeps of the last run is gone by then
		out := t.TempDir()
		code, _, stderr := bench(t, t.Context(), ownArgs(nodes, "sync", out)...)
		if r := loadOnly(t, out, "sync"); code != exitFailed || !strings.Contains(stderr, want) || r.Verdict != result.Wrong {
			t.Errorf("exit code %d, verdict %s: %s\nwant %s", code, r.Verdict, stderr, want)
		}
	}
}

// A D that dies in the warm-up makes no figures, and the run says so.
func TestOwnServiceThatDies(t *testing.T) {
	t.Parallel()
	nodes := ownServices(t, "--timeout=5s")
	text, err := os.ReadFile(nodes)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "D: {address: ")
	address, _, _ := strings.Cut(after, "}")
	// In its place: one that is there when it is looked for, and then no more.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	dying := &dying{stop: server.Stop}
	fakesvcpb.RegisterServiceServer(server, dying)
	go server.Serve(listener)
	defer server.Stop()
	write(t, nodes, strings.Replace(string(text), address, listener.Addr().String(), 1))
	out := t.TempDir()
	code, _, stderr := bench(t, t.Context(), ownArgs(nodes, "sync", out)...)
	r := loadOnly(t, out, "sync")
	said := strings.Join(r.Warnings, "; ")
	if code != exitFailed || r.Verdict != result.Invalid || !strings.Contains(lastLine(stderr), "D does not answer at "+listener.Addr().String()) ||
		!strings.Contains(said, "no request succeeded, of ") {
		t.Errorf("exit code %d, verdict %s: %s; %s", code, r.Verdict, lastLine(stderr), said)
	}
}

// dying is a D that ends with the first query.
type dying struct {
	fakesvcpb.UnimplementedServiceServer
	stop func()
	once sync.Once
}

func (d *dying) Query(context.Context, *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	d.once.Do(func() { go d.stop() })
	return nil, status.Error(codes.Unavailable, "leaving")
}

// owner is an A of one's own: what it is written it has.
type owner struct {
	fakesvcpb.UnimplementedServiceServer
	mu   sync.Mutex
	kept map[uint64]*fakesvcpb.Record
}

func (o *owner) Query(_ context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.kept[q.GetKey()]; r != nil {
		return &fakesvcpb.QueryResponse{Records: []*fakesvcpb.Record{r}}, nil
	}
	return nil, status.Error(codes.NotFound, "no such key")
}

func (o *owner) Write(_ context.Context, w *fakesvcpb.WriteRequest) (*fakesvcpb.WriteResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kept[w.GetKey()].GetVersion() < w.GetVersion() {
		o.kept[w.GetKey()] = &fakesvcpb.Record{Service: w.GetService(), Key: w.GetKey(), Version: w.GetVersion(), Payload: w.GetPayload()}
	}
	return &fakesvcpb.WriteResponse{}, nil
}

// An owner of one's own is seeded by its Write, needs no health service, and its
// answers are right. Work is not ours to ask of it.
func TestOwnOwner(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	a := &owner{kept: make(map[uint64]*fakesvcpb.Record)}
	fakesvcpb.RegisterServiceServer(server, a)
	go server.Serve(listener)
	defer server.Stop()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := fmt.Sprintf("A: {address: %s}\n", listener.Addr())
	for _, service := range []string{"B", "C", "D"} {
		address, control := freePort(t), freePort(t)
		file += fmt.Sprintf("%s: {address: %s, control: %s}\n", service, address, control)
		startProcess(t, self, "serve", "--service="+service, "--listen="+address, "--control="+control)
	}
	nodes := filepath.Join(t.TempDir(), "nodes.yaml")
	write(t, nodes, file)
	run := runOwn(t, nodes, "sync")
	if run.Requests.Failed > 0 || run.Answers.Stale > 0 || len(run.Stages) == 0 || run.CPUSecondsPer1000 != 0 {
		t.Errorf("%d failed, %d stale, stages %v, %v CPU seconds", run.Requests.Failed, run.Answers.Stale, run.Stages, run.CPUSecondsPer1000)
	}
	if len(a.kept) != 10 {
		t.Errorf("%d keys are kept, want all 10", len(a.kept))
	}
	code, _, stderr := bench(t, t.Context(), "run", "--nodes="+nodes, "--scenario=sync", "--latency=5ms", "--out="+t.TempDir())
	if want := "A:delay=5ms cannot be done to a service that has no control in the nodes file: ask for none there, as in --latency=A=none"; code != exitFailed || !strings.Contains(lastLine(stderr), want) {
		t.Errorf("exit code %d, %s", code, lastLine(stderr))
	}
}

// What a service of one's own has seen of the changes, nobody waits for.
func TestOwnServiceBesideEvents(t *testing.T) {
	t.Parallel()
	broker, err := bus.StartBroker(net.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	begin := time.Now()
	run := runOwn(t, ownServices(t, "--timeout=5s"), "async-replicated", "--kafka="+strings.Join(broker.Addresses(), ","))
	if run.UnseenChanges != 0 || run.Run.ReplicationLag.Count != 0 || run.Events == 0 {
		t.Errorf("%d unseen changes, %d lags, %d events", run.UnseenChanges, run.Run.ReplicationLag.Count, run.Events)
	}
	if took := time.Since(begin); took > 25*time.Second {
		t.Errorf("it took %v, as if it had waited for D", took)
	}
}
