//go:build linux && long

// Without the race detector, since it is other processes that are tested. .ci/run
// runs this package once more without it.

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"crosstalk/internal/result"
)

// childOf returns the child of a driver that is a service.
func childOf(t *testing.T, driver *program, service string) int {
	t.Helper()
	for _, pid := range childrenOf(t, driver.Process.Pid) {
		args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && slices.Contains(strings.Split(string(args), "\x00"), "--service="+service) {
			return pid
		}
	}
	t.Fatalf("there is no %s among the children", service)
	return 0
}

func send(t *testing.T, s syscall.Signal, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
}

// measuring starts a run of child processes, and returns when it is 5 s in its measured
// part, which it says then.
func measuring(t *testing.T, args ...string) (driver *program, out string) {
	t.Helper()
	out = t.TempDir()
	driver = begin(t, append([]string{"run", "--out=" + out, "--placement=process", "--rate=20", "--latency=none", "--warmup=0s"}, args...)...)
	soon(t, 60*time.Second, "the run is under way", func() bool { return strings.Contains(driver.stderr(), "measuring") })
	return driver, out
}

// A process that somebody stops for a while is told of, with from when to when, and the
// run's figures are not to be trusted.
func TestSomebodyStopsAProcess(t *testing.T) {
	t.Parallel()
	driver, out := measuring(t, "--scenario=sync", "--duration=9s")
	d := childOf(t, driver, "D")
	send(t, syscall.SIGSTOP, d)
	stopped := time.Now()
	time.Sleep(2 * time.Second)
	send(t, syscall.SIGCONT, d)
	length := time.Since(stopped).Seconds()
	if code := driver.ended(t, 60*time.Second); code != exitInvalid {
		t.Errorf("exit code %d: %s", code, driver.stderr())
	}
	r := loadOnly(t, out, "sync")
	i := slices.IndexFunc(r.Silences, func(s result.Silence) bool { return s.Process == "D" && s.LengthSeconds > 1.5 })
	if i < 0 {
		t.Fatalf("silences %+v", r.Silences)
	}
	if s := r.Silences[i]; s.StartSeconds < 4.25 || s.StartSeconds > 7 || s.LengthSeconds > 1.5*length {
		t.Errorf("%+v of a stop of %.1f s, about 5 s after the start", s, length)
	}
	said := fmt.Sprintf("D from %.1f s on for %.1f s", r.Silences[i].StartSeconds, r.Silences[i].LengthSeconds)
	if r.Verdict != result.Invalid || !strings.Contains(strings.Join(r.Warnings, "\n"), said) {
		t.Errorf("verdict %s: %q do not say %q", r.Verdict, r.Warnings, said)
	}
}

// One that is stopped for good keeps nobody waiting for long, nor in silence, and is not
// left.
func TestSomebodyStopsAProcessForGood(t *testing.T) {
	t.Parallel()
	driver, out := measuring(t, "--scenario=async-replicated", "--duration=6s", "--write-rate=20")
	children := childrenOf(t, driver.Process.Pid)
	send(t, syscall.SIGSTOP, childOf(t, driver, "D"))
	begun := time.Now()
	code := driver.ended(t, 45*time.Second)
	t.Logf("the run has ended %v after the stop", time.Since(begun))
	if code != exitFailed || !strings.Contains(lastLine(driver.stderr()), "the statistics of D are missing: it has given no sign of life for ") {
		t.Errorf("exit code %d: %s", code, driver.stderr())
	}
	if !strings.Contains(driver.stderr(), "waiting for ") {
		t.Errorf("it waits without a word: %s", driver.stderr())
	}
	for _, pid := range children {
		if alive(pid) {
			t.Errorf("a child is left, %d", pid)
		}
	}
	if r := loadOnly(t, out, "async-replicated"); r.Verdict != result.Invalid && r.Verdict != result.Wrong || r.Requests.Succeeded == 0 {
		t.Errorf("verdict %s, %+v", r.Verdict, r.Requests)
	}
	if kept, _ := filepath.Glob(filepath.Join(driver.temp, "*")); len(kept) != 0 {
		t.Errorf("%v are left", kept)
	}
}

// Two that die at once are both named, in one line that has none of their log; what they
// said last is kept whole.
func TestTwoProcessesDie(t *testing.T) {
	t.Parallel()
	driver, out := measuring(t, "--scenario=sync", "--duration=60s")
	send(t, syscall.SIGABRT, childOf(t, driver, "A"), childOf(t, driver, "B"))
	code, said := driver.ended(t, 30*time.Second), lastLine(driver.stderr())
	if code != exitFailed || strings.Contains(said, `"level"`) {
		t.Errorf("exit code %d: %s", code, said)
	}
	for _, name := range []string{"A", "B"} {
		file := filepath.Join(out, "*", "sync", name+".stderr")
		files, _ := filepath.Glob(file)
		if len(files) != 1 || !strings.Contains(said, files[0]) {
			t.Fatalf("%s: %v, of %s", name, files, said)
		}
		words, err := os.ReadFile(files[0])
		if err != nil || strings.Count(string(words), "\ngoroutine ") < 10 || !strings.Contains(string(words), "SIGABRT: abort") {
			t.Errorf("%v: %d bytes: %.300s", err, len(words), words)
		}
		if want := name + " has ended by itself, exit status 2: SIGABRT: abort"; !strings.Contains(said, want) {
			t.Errorf("%q does not say %q", said, want)
		}
	}
}

// What a driver leaves that was killed, the next start removes; the folder of one that
// lives it leaves alone.
func TestNextStartRemovesWhatAKilledDriverLeft(t *testing.T) {
	left := func(p *program) []string {
		found, _ := filepath.Glob(filepath.Join(p.temp, "crosstalk-*", "owner"))
		return found
	}
	p := begin(t, "run", "--out="+t.TempDir(), "--scenario=monolith", "--rate=20", "--latency=none", "--warmup=0s", "--duration=60s")
	soon(t, 60*time.Second, "it has a folder", func() bool { return len(left(p)) == 1 })
	t.Setenv("TMPDIR", p.temp)
	start := func() {
		t.Helper()
		code, _, stderr := bench(t, t.Context(), "run", "--out="+t.TempDir(), "--scenario=monolith", "--rate=20", "--latency=none", "--warmup=0s", "--duration=100ms")
		if code != exitOK && code != exitInvalid {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
	}
	start()
	if found := left(p); len(found) != 1 {
		t.Errorf("%v are left of a run that goes on", found)
	}
	p.signal(t, syscall.SIGKILL)
	p.ended(t, 5*time.Second)
	start()
	if all, _ := filepath.Glob(filepath.Join(p.temp, "*")); len(all) != 0 {
		t.Errorf("%v are left", all)
	}
}
