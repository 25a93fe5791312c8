//go:build long

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/result"
	"crosstalk/internal/theory"
	"crosstalk/internal/threshold"
	"crosstalk/internal/verdict"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	code, stdout, stderr := bench(t, t.Context(), "sweep", "--vary=fail-rate=0,0.5", "--vary=write-rate=0,5", "--repeat=2", "--by=errors", "--store=memory",
		"--scenario=sync,async-replicated", "--duration=300ms", "--warmup=0s", "--rate=100", "--latency=none", "--keys=10", "--out="+out)
	dir := finished(t, out, code, stderr)
	f, err := os.Open(filepath.Join(dir, "sweep.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) != 1+2*2*2*2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if strings.Join(lines[0][:4], " ") != "fail-rate write-rate scenario repeat" {
		t.Errorf("columns %q", lines[0])
	}
	for _, want := range []string{
		"at write-rate=0: on errors, async-replicated beats sync from fail-rate 0.5 on",
		"at write-rate=5: on errors, async-replicated beats sync from fail-rate 0.5 on",
		"| 87.5 %",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	for _, path := range []string{"propagation.png", "fail-rate=0.5,write-rate=5/2/sync/run.json"} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	junit := filepath.Join(t.TempDir(), "thresholds.xml")
	code, stdout, stderr := bench(t, t.Context(), "matrix", "--fault-length=100ms", "--rest=100ms", "--warmup=0s", "--rate=20", "--out="+out,
		"--threshold=sync:p(99)<1ns", "--threshold=monolith:errors<=100%", "--junit="+junit)
	if text, err := os.ReadFile(junit); code != exitThreshold || err != nil || !strings.Contains(string(text), `failures="1"`) ||
		!strings.Contains(lastLine(stderr), "threshold crossed: sync: sync:p(99)<1ns: it is ") {
		t.Errorf("exit code %d, %s, %s, %v", code, lastLine(stderr), text, err)
	}
	dir := finished(t, out, code, stderr)
	for _, scenario := range []string{"sync", "async-request", "async-replicated", "monolith"} {
		run, err := result.Load(filepath.Join(dir, scenario))
		if err != nil || len(run.Impacts) != 30 || run.CPUSecondsPer1000 != 0 {
			t.Errorf("%s: %d impacts, %v CPU, %v", scenario, len(run.Impacts), run.CPUSecondsPer1000, err)
		}
	}
	if !strings.Contains(stdout, "D's store") || !strings.Contains(stdout, "rebalance") {
		t.Errorf("the table is\n%s", stdout)
	}
	if _, err := os.Stat(filepath.Join(dir, "matrix.png")); err != nil {
		t.Error(err)
	}
}

// The thresholds of the verdict bound each of its runs. The whole of it takes a minute
// and more, so this gathers the evidence of two experiments alone.
func TestVerdictThresholds(t *testing.T) {
	t.Parallel()
	cmd := newVerdict()
	cmd.SetContext(t.Context())
	cmd.SetErr(io.Discard)
	c := &suite{out: t.TempDir(), gate: &gate{texts: []string{"errors<20%"}}}
	var experiments []verdict.Named
	for name, share := range map[string]string{"half": "50%", "none": "0%"} {
		e := shorter()
		for setting, text := range map[string]string{"scenario": "sync", "duration": "300ms", "warmup": "0s", "rate": "100", "latency": "none", "timeout": "10s", "fail-rate": "B=" + share} {
			if err := e.Set(setting, text); err != nil {
				t.Fatal(err)
			}
		}
		experiments = append(experiments, verdict.Named{Name: name, Experiment: &e})
	}
	evidence := verdict.Evidence{Runs: make(map[string]map[string]result.Run)}
	base := shorter()
	err := c.carryOut(cmd, plan{
		ask: &base, batches: batchesOf(experiments, &evidence), to: io.Discard,
		show: func(string, []done) error { return nil },
	})
	var e *ended
	if !errors.As(err, &e) || e.code != exitThreshold || len(evidence.Runs["half"]) != 1 || len(evidence.Runs["none"]) != 1 {
		t.Fatalf("%v, %d experiments", err, len(evidence.Runs))
	}
	rulings := make(map[string]threshold.Ruling)
	for _, o := range c.gate.outcomes {
		rulings[o.Of] = o.Ruling
	}
	if len(rulings) != 2 || rulings["sync at half"] != threshold.Crossed || rulings["sync at none"] == threshold.Crossed {
		t.Errorf("rulings %v", rulings)
	}
}

// How cost grows is said of each scenario, and drawn again from the folder.
func TestScale(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	code, stdout, stderr := bench(t, t.Context(), "scale", "--short", "--axis=upstreams,replicas", "--scenario=sync,monolith", "--out="+out)
	dir := finished(t, out, code, stderr)
	for _, want := range []string{" with upstreams in sync: n^", " with upstreams in monolith: n^", " with replicas in sync: n^"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "with replicas in monolith") {
		t.Errorf("a control has no replicas:\n%s", stdout)
	}
	run, err := result.Load(filepath.Join(dir, "upstreams", "64", "1", "sync"))
	if err != nil || len(run.Environment.Stores) != 65 || run.CPUSecondsPer1000 == 0 {
		t.Errorf("%+v, %v", run, err)
	}
	again := t.TempDir()
	if code, _, stderr := bench(t, t.Context(), "report", dir, "--format=png", "--out="+again); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	want, err := os.ReadFile(filepath.Join(dir, "scale.png"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(again, "scale.png")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("scale.png is drawn otherwise, %v", err)
	}
	for _, c := range [][2]string{{"--axis=depht", `--axis: there is no axis "depht"`}, {"--repeat=0", "--repeat: 0 is"}, {"--most-keys=10", "--most-keys: 10 is"}} {
		if code, _, stderr := bench(t, t.Context(), "scale", c[0]); code != exitUsage || !strings.Contains(lastLine(stderr), c[1]) {
			t.Errorf("%s: exit code %d, %s", c[0], code, lastLine(stderr))
		}
	}
}

// Theory needs no clock: its figures are exact.
func TestPredict(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := bench(t, t.Context(), "predict", "--json", "--scenario=sync,monolith", "--fail-rate=0.1", "--latency=A=10ms,B=20ms,C=30ms", "--fanout=sequential")
	if code != exitOK {
		t.Fatal(stderr)
	}
	decoder := json.NewDecoder(strings.NewReader(stdout))
	for range 2 {
		var p theory.Prediction
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if d := p.ErrorRate - 0.271; d > 1e-9 || d < -1e-9 {
			t.Errorf("error rate %v, want 1 − 0.9³", p.ErrorRate)
		}
		if d := p.Latency.P50 - 0.06; d > 1e-4 || d < -1e-4 {
			t.Errorf("p50 %v, want 60 ms", p.Latency.P50)
		}
	}
}

// A prediction that would take minutes ends with the interrupt.
func TestInterruptedPredict(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	code, stdout, stderr := bench(t, ctx, "predict", "--scenario=sync", "--workers=100", "--fault=B:slow=2@1s+1s", "--rate=10000", "--duration=1h")
	if code != exitInterrupted || stdout != "" || !strings.Contains(stderr, "nothing is predicted for sync") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if took := time.Since(began); took > 20*time.Second { // of some 2 minutes
		t.Errorf("it took %v", took)
	}
}
