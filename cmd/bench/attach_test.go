//go:build long

// Without the race detector, as these are processes.

package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/bus"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

// servedNodes starts A, B, C and D as nodes, and returns the file that tells where they
// are.
func servedNodes(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	for _, service := range []string{"A", "B", "C", "D"} {
		address, control := freePort(t), freePort(t)
		fmt.Fprintf(&file, "%s: {address: %s, control: %s}\n", service, address, control)
		startProcess(t, self, "serve", "--service="+service, "--listen="+address, "--control="+control)
	}
	nodes := filepath.Join(t.TempDir(), "nodes.yaml")
	write(t, nodes, file.String())
	return nodes
}

// twoDrivers has two drivers, each a process, offer a load at the same time, and
// returns what they wrote: that of the one that prepared the nodes first. The other one
// comes when the nodes are prepared, and is waited for.
func twoDrivers(t *testing.T, nodes string, flags ...string) (folders [2]string, runs [2]*result.Loaded) {
	t.Helper()
	type end struct {
		driver int
		text   string
		code   int
	}
	ends := make(chan end)
	out := [2]string{t.TempDir(), t.TempDir()}
	for driver := range out {
		cmd := asBench(t, fmt.Sprintf(`exec "$BENCH" run --attach=%d --drivers=2 --samples --nodes=%s --out=%s %s`, driver, nodes, out[driver], strings.Join(flags, " ")))
		if driver == 1 {
			prepared(t, nodes)
		}
		go func() {
			text, _ := cmd.CombinedOutput() // the exit code says more
			ends <- end{driver, string(text), cmd.ProcessState.ExitCode()}
		}()
	}
	for range out {
		e := <-ends
		found, err := filepath.Glob(filepath.Join(finished(t, out[e.driver], e.code, e.text), "*", "run.json"))
		if err != nil || len(found) != 1 {
			t.Fatalf("runs %v, %v", found, err)
		}
		folders[e.driver] = filepath.Dir(found[0])
		if runs[e.driver], err = result.Load(folders[e.driver]); err != nil {
			t.Fatal(err)
		}
	}
	return folders, runs
}

// prepared returns when D is ready for a run.
func prepared(t *testing.T, nodes string) {
	t.Helper()
	text, err := os.ReadFile(nodes)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "D: {address: ")
	address, _, _ := strings.Cut(after, ",")
	soon(t, 20*time.Second, "D is SERVING", func() bool {
		code, _, _ := bench(t, t.Context(), "health", address)
		return code == exitOK
	})
}

func mergedOf(t *testing.T, folders [2]string) *result.Loaded {
	t.Helper()
	to := filepath.Join(t.TempDir(), "merged")
	if code, _, stderr := bench(t, t.Context(), "merge", folders[0], folders[1], "--out="+to); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	run, err := result.Load(to)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

var twoSeconds = []string{"--rate=100", "--write-rate=60", "--keys=10", "--duration=2s", "--warmup=500ms", "--latency=none", "--timeout=5s"}

// Twice the load is twice the load.
func TestTwoDriversAreOneLoad(t *testing.T) {
	t.Parallel()
	folders, runs := twoDrivers(t, servedNodes(t), append(twoSeconds, "--scenario=sync", "--arrival=constant")...)
	both := mergedOf(t, folders)
	for n, r := range runs {
		if r.Attached != n || r.Requests.Due != 200 || r.Requests.Sent != 200 || r.Requests.Failed != 0 {
			t.Errorf("driver %d: it is %d, %+v", n, r.Attached, r.Requests)
		}
	}
	if both.Requests.Sent != 400 || both.Requests.Succeeded != 400 {
		t.Errorf("merged: %+v", both.Requests)
	}
	// Exactly twice, but that they begin some µs apart.
	for what, ratio := range map[string]float64{
		"asked": both.Requests.RateAsked / runs[0].Requests.RateAsked, "sent": both.Requests.RateAchieved / runs[0].Requests.RateAchieved,
	} {
		if ratio < 1.9 || ratio > 2.1 {
			t.Errorf("the rate %s by both is %v times that of one", what, ratio)
		}
	}
	if gap := runs[1].Started.Sub(runs[0].Started).Abs().Seconds(); gap > 0.1 {
		t.Errorf("they begin %v s apart", gap)
	}

	// The one that writes knows which answers are stale, the other does not.
	if w := runs[1].Writes; w.Due != 0 || w.Sent() != 0 || runs[0].Writes.Acknowledged == 0 || !reflect.DeepEqual(both.Writes, runs[0].Writes) {
		t.Errorf("writes %+v, %+v, merged %+v", runs[0].Writes, w, both.Writes)
	}
	if a := runs[1].Answers; a != (result.Answers{Unjudged: 200}) || runs[0].Answers != (result.Answers{Correct: 200}) {
		t.Errorf("answers %+v and %+v", runs[0].Answers, a)
	}
	if both.Answers != (result.Answers{Correct: 200, Unjudged: 200}) || both.Judged() != 200 {
		t.Errorf("answers, merged: %+v", both.Answers)
	}
	for n, want := range []string{"1 other drivers added load", "this driver was attached"} {
		if said := strings.Join(runs[n].Warnings, "; "); !strings.Contains(said, want) {
			t.Errorf("driver %d warns of %q", n, said)
		}
	}

	var latencies []float64
	for _, dir := range folders {
		rows, err := result.LoadSamples(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Code == codes.OK && r.ID >= 0 {
				latencies = append(latencies, (r.Done - r.Due).Seconds())
			}
		}
	}
	slices.Sort(latencies)
	l := both.Run.Latency
	for share, got := range map[float64]float64{0.5: l.P50, 0.75: l.P75, 0.9: l.P90, 0.99: l.P99} {
		if want := stats.Quantile(latencies, share); math.Abs(got-want) > 1e-3*want {
			t.Errorf("the quantile %v is %v, of all samples it is %v", share, got, want)
		}
	}
}

// Each driver's requests meet faults of their own, and the nodes count those of both.
func TestDriversMeetFaultsOfTheirOwn(t *testing.T) {
	t.Parallel()
	folders, runs := twoDrivers(t, servedNodes(t), append(twoSeconds, "--scenario=sync", "--arrival=constant", "--fail-rate=B=50%")...)
	both := mergedOf(t, folders)
	if len(both.Faults) != 1 || both.Faults[0].Interactions != 400 || both.Faults[0].Delivered != both.ErrorRate.Value {
		t.Errorf("faults %+v, error rate %+v", both.Faults, both.ErrorRate)
	}
	if f := both.Faults[0]; f.Low > 0.5 || f.High < 0.5 {
		t.Errorf("delivered %v [%v, %v], asked 0.5", f.Delivered, f.Low, f.High)
	}
	failed := [2]map[int64]bool{{}, {}}
	for n, dir := range folders {
		rows, err := result.LoadSamples(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			failed[n][r.ID] = r.Code != codes.OK
		}
	}
	apart := 0
	for id, f := range failed[0] {
		if failed[1][id] != f {
			apart++
		}
	}
	if apart == 0 {
		t.Errorf("the requests of the same number all meet the same: %d and %d fail", runs[0].Requests.Failed, runs[1].Requests.Failed)
	}
}

// Over the bus each driver gets its own replies, and an answer with what the other one
// has written is not wrong.
func TestTwoDriversOverTheBus(t *testing.T) {
	t.Parallel()
	broker, err := bus.StartBroker(net.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	for _, scenario := range []string{"async-request", "async-replicated"} {
		folders, runs := twoDrivers(t, servedNodes(t), append(twoSeconds, "--scenario="+scenario, "--kafka="+strings.Join(broker.Addresses(), ","),
			"--arrival=constant", "--latency=20ms")...) // requests of both are under way at the same time
		both := mergedOf(t, folders)
		if both.Requests.Failed != 0 || both.LateReplies != 0 || both.Answers.Unjudged != runs[1].Requests.Sent {
			t.Errorf("%s: %+v, %d late replies, answers %+v", scenario, both.Requests, both.LateReplies, both.Answers)
		}
		if both.Requests.Sent != runs[0].Requests.Sent+runs[1].Requests.Sent || runs[0].Requests.Sent == 0 || runs[1].Requests.Sent == 0 {
			t.Errorf("%s: %d sent, by one %d, by the other %d", scenario, both.Requests.Sent, runs[0].Requests.Sent, runs[1].Requests.Sent)
		}
	}
}

// A driver does not add load to another experiment, and says what is missing.
func TestAttachRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bare := filepath.Join(dir, "bare.yaml")
	write(t, bare, "A: {address: \"127.0.0.1:1\"}\nB: {address: \"127.0.0.1:1\"}\nC: {address: \"127.0.0.1:1\"}\nD: {address: \"127.0.0.1:1\"}\n")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--attach: -1 is not in 0 to 65536", []string{"--attach=-1", "--nodes=" + bare}},
		{exitUsage, "--attach: tell with --nodes where", []string{"--attach=1"}},
		{exitUsage, "--drivers: 0 is not in 1 to 65536", []string{"--drivers=0", "--nodes=" + bare}},
		{exitUsage, "--drivers: they share what runs already", []string{"--drivers=2"}},
		{exitFailed, "none of them has a control", []string{"--attach=1", "--nodes=" + bare, "--scenario=sync"}},
	} {
		code, _, stderr := bench(t, t.Context(), append([]string{"run", "--out=" + t.TempDir()}, c.args...)...)
		if code != c.code || !strings.Contains(lastLine(stderr), c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, code, lastLine(stderr))
		}
	}

	nodes := servedNodes(t)
	first := asBench(t, fmt.Sprintf(`exec "$BENCH" run --nodes=%s --scenario=sync --out=%s %s`, nodes, t.TempDir(), strings.Join(twoSeconds, " ")))
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := bench(t, t.Context(), append([]string{"run", "--attach=1", "--scenario=sync", "--nodes=" + nodes, "--out=" + t.TempDir()}, append(twoSeconds, "--payload=1KB")...)...)
	if want := "the nodes were prepared for another experiment, in payload"; code != exitFailed || !strings.Contains(lastLine(stderr), want) {
		t.Errorf("exit code %d, %s", code, lastLine(stderr))
	}
	// Nor does it come late.
	for late := false; !late; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		code, _, stderr := bench(t, ctx, append([]string{"run", "--attach=1", "--scenario=sync", "--nodes=" + nodes, "--out=" + t.TempDir()}, append(twoSeconds, "--payload=1KB")...)...)
		if late = strings.Contains(lastLine(stderr), "the measured part began "); ctx.Err() != nil {
			t.Fatalf("exit code %d, %s", code, lastLine(stderr))
		}
		cancel()
	}
	_ = first.Wait() // the machine may be busy
}
