//go:build long

package main

import (
	"bufio"
	"encoding/json"
	"os"
	osexec "os/exec"
	"testing"
	"time"
)

// An owner that is killed until the very end is waited for before its copies are held
// against it.
func TestKillUntilTheEnd(t *testing.T) {
	t.Parallel()
	const keys = 50
	r := runs(t, "--scenario=async-replicated", "--placement=process", "--rate=50", "--write-rate=20", "--keys=50",
		"--duration=3s", "--warmup=200ms", "--fault=A:kill@2s+1s")["async-replicated"]
	if r.ComparedRows != 3*keys {
		t.Errorf("%d rows of the copies are compared, want %d", r.ComparedRows, 3*keys)
	}
	if p := r.Processes[1]; p.Name != "A" {
		t.Errorf("the first process is %s", p.Name)
	} else if p.Starts != 2 {
		t.Errorf("A was started %d times", p.Starts)
	}
}

// A process that is not back yet when its next signal is due gets it when it is.
func TestSignalsInTurn(t *testing.T) {
	t.Parallel()
	r := runs(t, "--scenario=sync", "--placement=process", "--rate=50", "--duration=3s", "--warmup=200ms",
		"--fault=A:kill@1s+500ms", "--fault=A:kill@1501ms+500ms")["sync"]
	for _, p := range r.Processes {
		if want := map[bool]int64{true: 3, false: 1}[p.Name == "A"]; p.Starts != want {
			t.Errorf("%s was started %d times, want %d", p.Name, p.Starts, want)
		}
	}
}

// How far the cluster is away is told wherever the services are.
func TestDistanceOfTheClusterWithProcesses(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cluster := osexec.Command(self, "broker", "--data="+t.TempDir(), "--until-stdin-ends")
	stdin, err := cluster.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cluster.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cluster.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var where struct{ Broker string }
	if err != nil || json.Unmarshal(line, &where) != nil {
		t.Fatal(string(line), err)
	}
	began := time.Now()
	r := runs(t, "--scenario=async-request", "--placement=process", "--kafka="+where.Broker, "--rate=50", "--duration=1s", "--warmup=200ms")["async-request"]
	if d := r.Environment.BusRoundTrip; d == nil || d.P50 <= 0 || d.P50 > time.Since(began).Seconds() {
		t.Errorf("the cluster is %+v away", d)
	}
}
