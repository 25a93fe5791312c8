package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crosstalk/internal/result"
)

// TestMain lets the test's own binary be the program, for tests that need a
// process: real signals, a real shell. Whatever a test starts of it is the program,
// the nodes that a run starts too.
func TestMain(m *testing.M) {
	if os.Getenv("BENCH_TEST_AS_PROGRAM") != "" {
		main()
	}
	os.Setenv("BENCH_TEST_AS_PROGRAM", "1")
	os.Exit(m.Run())
}

// bench runs the program in a folder of its own.
func bench(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = exec(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

// finished checks how a command ended, and returns the one folder that it made.
// The machine may be busy, which makes figures INVALID, and not wrong.
func finished(t *testing.T, out string, code int, stderr string) string {
	t.Helper()
	if code != exitOK && code != exitInvalid && code != exitThreshold {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	found, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("folders %v, %v", found, err)
	}
	return found[0]
}

// brief is a run that takes as little time as a real one can.
func brief(more ...string) []string {
	return append([]string{"run", "--duration=300ms", "--warmup=100ms", "--rate=50", "--latency=none", "--keys=10"}, more...)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// Bad input: one clear line that names the flag or the file's line, exit code 2,
// and no folder.
func TestBadInput(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "unknown.yaml", "rate: 10\nlatenzy: 5ms\n")
	write(t, "negative.yaml", "rate: 10\nkeys: -1\n")
	write(t, "cycle.yaml", "rate: 10\nservices:\n  - {name: D, needs: [A]}\n  - {name: A, needs: [B]}\n  - {name: B, needs: [A]}\n")
	write(t, "twice.yaml", "services:\n  - {name: D, needs: [A]}\n  - {name: A}\n  - {name: A}\n")
	write(t, "late.yaml", "duration: 5s\noutage: B@4s+2s\n")
	write(t, "broken.yaml", "rate: [\n")
	write(t, "alias.yaml", "keys: &n 10\nrate: *n\n")
	write(t, "file", "")
	for _, c := range []struct{ args, want string }{
		{"--scenario=synk", `--scenario: unknown scenario "synk": did you mean sync?`},
		{"--rate=-5", "--rate"},
		{"--rate=NaN", "--rate"},
		{"--rate=1e12", "--rate: 1000000000000/s is above 1000000/s"},
		{"--payload=20MB", "--payload: 20MB is above 8MB"},
		{"--out=", "--out: it has no value"},
		{"--scenario=", `"--scenario" flag: it has no value`},
		{"--latency=", `"--latency" flag: it has no value: write none`},
		{"--store=", `"--store" flag: it has no value`},
		{"--fail-rate=B=NOT_FOUND:5%", "--fail-rate"},
		{"alias.yaml", "alias.yaml:1:7: keys: YAML's anchors and aliases (&name, *name) are not read here"},
		{"--rate=0", "--rate: 0 means as fast as possible, which needs a --concurrency above 0"},
		{"--rate=fast", "--rate"},
		{"--concurrency=4", "--concurrency"},
		{"--fail-rate=1.5", "--fail-rate"},
		{"--fail-rate=E=5%", `--fail-rate: there is no service "E"`},
		{"--fail-rate=B=BOOM:5%", "--fail-rate"},
		{"--latency=lognormal(5ms,2ms)", "--latency"},
		{"--latency=gaussian(5ms)", "--latency"},
		{"--hang-rate=2", "--hang-rate"},
		{"--outage=B@9s+5s", "--outage"},
		{"--outage=B", "--outage"},
		{"--duration=10", "--duration"},
		{"--duration=0s", "--duration"},
		{"--timeout=0s", "--timeout"},
		{"--arrival=sometimes", "--arrival"},
		{"--fanout=none", "--fanout"},
		{"--store=oracle", "--store"},
		{"--seed=x", "--seed"},
		{"--kafka=localhost", "--kafka"},
		{"--no-such-flag", "--no-such-flag"},
		{"--out=file/results", "--out"},
		{"unknown.yaml", `unknown.yaml:2:1: there is no setting "latenzy"`},
		{"negative.yaml", "negative.yaml:2:7: keys"},
		{"cycle.yaml", "cycle.yaml:4:5: services: A needs B needs A: the needs go round in a circle"},
		{"twice.yaml", "twice.yaml:4:5: services: A is there twice"},
		{"late.yaml", "late.yaml:2:1: outage"},
		{"late.yaml --outage=B@3s+3s", "--outage"},
		{"broken.yaml", "broken.yaml:1:"},
		{"missing.yaml", "missing.yaml"},
		{"unknown.yaml late.yaml", "accepts at most 1 arg"},
		{"--fault=A:boom=3", `fault "A:boom=3": A cannot have "boom"`},
		{"--fault=A:outage", "outage needs a window"},
		{"--fault=E:hang=1%", `--fault: there is no service "E"`},
		{"--fault=A:freeze@9s+2s", "--fault: A:freeze@9s+2s ends at 11s, past the end of the run at 10s"},
		{"--fault=A:outage@1s+2s --outage=A@2s+1s", "overlap"},
		{"--fault=B:abort=NOT_FOUND:5%", "NOT_FOUND"},
		{"--workers=A=-1", "--workers"},
		{"--workers=E=3", `--workers: there is no service "E"`},
		{"--policy=retries=3", `retries: "3" is not a part of a policy`},
		{"--policy=timeout=5", `timeout: "5" is not a duration`},
		{"--policy=E=retry=3", `--policy: there is no service "E"`},
		{"sweep", "--vary: name a setting and its values"},
		{"sweep --vary=nope=1,2", "--vary: nope: there is no such setting"},
		{"sweep --vary=rate=1,x", "--vary: rate"},
		{"sweep --vary=rate=0,5", "--vary: with rate=0: rate: 0 means as fast as possible"},
		{"sweep --vary=rate=5,5", "--vary: \"rate=5,5\" has 5 twice"},
		{"sweep --vary=rate=5,6 --by=p99", `--by: unknown metric "p99"`},
		{"sweep --vary=rate=5,6 --repeat=0", "--repeat: 0 is not at least 1"},
		{"matrix --fault-length=1ms", "--fault-length: 1ms is not at least 100ms"},
		{"matrix --scenario=synk", "--scenario"},
		{"predict --rate=-1", "--rate"},
		{"predict missing.yaml", "missing.yaml"},
		{"verdict --rate=x", "--rate"},
	} {
		args := strings.Fields(c.args)
		if strings.HasPrefix(args[0], "-") || strings.HasSuffix(args[0], ".yaml") {
			args = append([]string{"run"}, args...)
		}
		code, stdout, stderr := bench(t, t.Context(), args...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q and %q; want 2 and one line with %q", c.args, code, stdout, stderr, c.want)
		}
	}
	if code, _, stderr := bench(t, t.Context(), "rum"); code != exitUsage || !strings.Contains(stderr, `"rum"`) {
		t.Errorf("an unknown command: %d, %q", code, stderr)
	}
	if _, err := os.Stat("results"); err == nil {
		t.Error("a folder is left")
	}
}

// A flag without a value undoes the file's, where no value means nothing of it.
func TestFlagsThatUndo(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "e.yaml", "outage: B@1s+1s\nfail-rate: 5%\nkafka: localhost:9092\n")
	_, plain, _ := bench(t, t.Context(), "run", "--print-experiment")
	code, printed, stderr := bench(t, t.Context(), "run", "e.yaml", "--print-experiment", "--outage=", "--fail-rate=", "--kafka=")
	if code != exitOK || printed != plain {
		t.Errorf("exit code %d, %s\n%s", code, stderr, printed)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What fails when it runs is exit code 1, also in one line, and leaves nothing.
func TestKafkaThatRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := bench(t, t.Context(), brief("--scenario=sync,async-request", "--kafka=127.0.0.1:1")...)
	if strings.Contains(stderr, "starting") {
		t.Errorf("a scenario is run before the address is known to refuse: %s", stderr)
	}
	if last := lastLine(stderr); code != exitFailed || stdout != "" || !strings.HasPrefix(last, "bench: ") || !strings.Contains(last, "127.0.0.1:1") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, err := os.Stat("results"); err == nil {
		t.Error("an empty results folder is left")
	}
}

func TestRunWritesWhatItSays(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := bench(t, t.Context(), brief("--out="+t.TempDir())...)
	if code != exitOK && code != exitInvalid { // the machine may be busy
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	for _, want := range []string{"sync", "async-request", "async-replicated", "monolith", "p99.9", "stale", "events/request"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table has no %q:\n%s", want, stdout)
		}
	}
	last := lastLine(stdout)
	dir := strings.Fields(strings.TrimPrefix(last, "results: "))[0]
	for _, name := range []string{"latency.png", "timeline.png", "staleness.png"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, scenario := range []string{"sync", "async-request", "async-replicated", "monolith"} {
		if run, err := result.Load(filepath.Join(dir, scenario)); err != nil || run.Requests.Succeeded == 0 {
			t.Errorf("%s: %v", scenario, err)
		}
	}
}

func TestInvalidIsExitCode3(t *testing.T) {
	t.Parallel()
	args := brief("--scenario=sync", "--rate=200", "--latency=20ms", "--max-in-flight=1", "--out="+t.TempDir())
	code, stdout, stderr := bench(t, t.Context(), args...)
	if code != exitInvalid || !strings.Contains(stdout, "sync: INVALID") || !strings.Contains(lastLine(stderr), "in sync the instrument was the limit") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	_, stdout, stderr := bench(t, t.Context(), brief("--json", "--scenario=sync,monolith", "--samples", "--out="+out)...)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 2 {
		t.Fatalf("%q", stdout)
	}
	for i, scenario := range []string{"sync", "monolith"} {
		var run result.Run
		if err := json.Unmarshal([]byte(lines[i]), &run); err != nil || run.Scenario != scenario {
			t.Errorf("line %d: %q, %v", i, run.Scenario, err)
		}
		if err := result.Validate([]byte(lines[i])); err != nil {
			t.Errorf("line %d is not by the schema: %v", i, err)
		}
	}
	found, _ := filepath.Glob(filepath.Join(out, "*", "sync", "samples.csv"))
	if len(found) != 1 {
		t.Fatalf("samples: %v", found)
	}
	if session := filepath.Dir(filepath.Dir(found[0])); !strings.Contains(stderr, "results: "+session) {
		t.Errorf("stderr does not say where the results are, %s: %s", session, stderr)
	}
}

// The printed experiment is a file that gives the same experiment, and flags win
// over it.
func TestPrintExperiment(t *testing.T) {
	t.Chdir(t.TempDir())
	code, printed, stderr := bench(t, t.Context(), "run", "--print-experiment", "--fail-rate=B=5%", "--rate=20", "--scenario=sync")
	if code != exitOK {
		t.Fatal(code, stderr)
	}
	write(t, "e.yaml", printed)
	_, again, _ := bench(t, t.Context(), "run", "e.yaml", "--print-experiment")
	if again != printed {
		t.Errorf("read again it is\n%s\nand was\n%s", again, printed)
	}
	_, changed, _ := bench(t, t.Context(), "run", "e.yaml", "--print-experiment", "--rate=30")
	if want := strings.Replace(printed, "20/s", "30/s", 1); changed != want || changed == printed {
		t.Errorf("with --rate=30 it is\n%s", changed)
	}
}

func TestInterruptedBeforeItBegan(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, stderr := bench(t, ctx, brief()...); code != exitInterrupted {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if _, err := os.Stat("results"); err == nil {
		t.Error("an empty results folder is left")
	}
}

// asBench is the program as a process of its own, in a folder of its own.
func asBench(t *testing.T, script string) *osexec.Cmd {
	t.Helper()
	cmd := osexec.Command("sh", "-ec", script)
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "BENCH="+os.Args[0], "REPOSITORY="+repository,
		"GORACE=atexit_sleep_ms=0") // the race detector's second at each exit
	cmd.Dir = t.TempDir()
	return cmd
}

// A disk that is full, here a limit on the size of files, costs the files that do
// not fit, and neither the figures nor the tables.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	cmd := asBench(t, `trap '' XFSZ; ulimit -f 60; exec "$BENCH" run --scenario=monolith --store=memory --samples \
		--rate=4000 --duration=500ms --warmup=0s --latency=none --keys=10`)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *osexec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != exitFailed {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	for _, want := range []string{"LATENCY", "a file is not complete: write samples.csv"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("stdout has no %q: %s", want, stdout.String())
		}
	}
	last := lastLine(stderr.String())
	if !strings.Contains(last, "samples.csv") || !strings.Contains(last, "latency.png") {
		t.Errorf("the error is %q", last)
	}
	found, _ := filepath.Glob(filepath.Join(cmd.Dir, "results", "*", "monolith"))
	if len(found) != 1 {
		t.Fatal(found)
	}
	if run, err := result.Load(found[0]); err != nil || run.Requests.Succeeded == 0 {
		t.Errorf("%v", err)
	}
}

// Interrupted before the measured part, a run leaves nothing.
func TestInterruptInTheWarmUp(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, interrupt)
	defer interrupt()
	out := filepath.Join(t.TempDir(), "results")
	code, stdout, stderr := bench(t, ctx, brief("--scenario=sync", "--warmup=1m", "--out="+out)...)
	if code != exitInterrupted || stdout != "" || lastLine(stderr) != "bench: interrupted before anything was measured" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder is left")
	}
}

// Ctrl-C ends the run early and in good order.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	cmd := asBench(t, `exec "$BENCH" run --scenario=sync,monolith --duration=60s --warmup=0s --rate=50`)
	dir := cmd.Dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitLoad(t, filepath.Join(dir, "results", "*", "*", result.LogFile))
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	var exit *osexec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	found, _ := filepath.Glob(filepath.Join(dir, "results", "*", "*"))
	var runs []string
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			runs = append(runs, path)
		}
	}
	if len(runs) != 1 {
		t.Fatalf("runs %v; the one that was interrupted should be the last", runs)
	}
	run, err := result.Load(runs[0])
	if err != nil || run.Verdict != result.Interrupted || run.Requests.Succeeded == 0 || run.MeasuredSeconds > 59 {
		t.Errorf("%v: %+v after %v s", err, run.Requests, run.MeasuredSeconds)
	}
	if !strings.Contains(stdout.String(), "sync: INTERRUPTED") {
		t.Errorf("the table says\n%s", stdout.String())
	}
}

// awaitLoad returns when a second of the load has been recorded, in a log of that pattern.
func awaitLoad(t *testing.T, pattern string) {
	t.Helper()
	soon(t, 30*time.Second, "a second of the load is recorded", func() bool { return secondRecorded(pattern) })
}

// secondRecorded tells whether the one log of that pattern has more than its header.
func secondRecorded(pattern string) bool {
	found, _ := filepath.Glob(pattern)
	if len(found) != 1 {
		return false
	}
	info, err := os.Stat(found[0])
	return err == nil && info.Size() > 500
}

// soon waits until something is so.
func soon(t *testing.T, within time.Duration, what string, is func() bool) {
	t.Helper()
	for limit := time.Now().Add(within); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not in %v: %s", within, what)
		}
	}
}
