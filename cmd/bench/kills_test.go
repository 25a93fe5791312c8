//go:build !race

// Without the race detector, since it is other processes that are tested. .ci/run
// runs this package once more without it.

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/result"
	"crosstalk/internal/seeded"
)

// The test's number of kills and their seed, where the environment has none.
const (
	killsVariable = "CROSSTALK_KILLS"
	seedVariable  = "CROSSTALK_KILLS_SEED"
)

// numberFrom returns the number that a variable has, and otherwise a default.
func numberFrom(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < 1 {
		t.Fatalf("%s: %q is no number from 1 on", variable, text)
	}
	return n
}

// TestKills kills A, B, C, D and the broker at random moments under load: no
// acknowledged write is lost, none is applied again, and no answer goes backwards.
func TestKills(t *testing.T) {
	kills, seed := int(numberFrom(t, killsVariable, 50)), numberFrom(t, seedVariable, 1)
	// So many that a key is seldom written twice: a later write would hide the loss of
	// the one before.
	const keys = 5000
	faults, length := randomKills(kills, seed)
	dir := t.TempDir()
	code, stdout, stderr := bench(t, t.Context(), "run", "--scenario=async-replicated", "--placement=process",
		"--rate=200", "--write-rate=200", "--keys="+strconv.Itoa(keys), "--latency=uniform(0ms,10ms)", "--warmup=0s", "--seed="+strconv.FormatUint(seed, 10),
		"--duration="+length.String(), "--fault="+faults, "--out="+dir)
	// A machine that is busy makes late sends, and the run INVALID: that says nothing
	// of what is tested here. A wrong answer or a copy that differs ends with 1.
	if code != exitOK && code != exitInvalid {
		t.Fatalf("exit code %d: %s\n%s", code, stderr, stdout)
	}
	folders, err := filepath.Glob(filepath.Join(dir, "*", "async-replicated"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders %v, %v", folders, err)
	}
	loaded, err := result.Load(folders[0])
	if err != nil {
		t.Fatal(err)
	}
	run := loaded.Run
	starts := int64(0)
	for _, p := range run.Processes {
		starts += p.Starts
	}
	t.Logf("%d kills (seed %d) in %v: %d writes acknowledged, %d not visible, %d rows of copies compared, %d answers, %d of them backwards; %d starts of nodes",
		kills, seed, length, run.Writes.Acknowledged, run.UnseenChanges, run.ComparedRows, run.Requests.Succeeded, run.Answers.Backwards, starts)
	if run.UnseenChanges != 0 || run.Answers.Backwards != 0 || run.Answers.Corrupt != 0 || run.Answers.Missing != 0 {
		t.Errorf("%d acknowledged changes are lost; answers %+v", run.UnseenChanges, run.Answers)
	}
	if run.ComparedRows != 3*keys {
		t.Errorf("%d rows of copies were compared, want 3 × %d", run.ComparedRows, keys)
	}
	if run.Writes.Acknowledged < int64(kills) || run.Requests.Succeeded < int64(kills) {
		t.Errorf("%d writes and %d answers: there was no load to speak of", run.Writes.Acknowledged, run.Requests.Succeeded)
	}
}

// randomKills returns so many kills, each some hundred milliseconds after the one
// before, of a process that is not away, and how long a run of them takes.
func randomKills(n int, seed uint64) (faults string, length time.Duration) {
	targets := []string{"A", "B", "C", "D", "bus"}
	back := make(map[string]time.Duration)
	random := seeded.NewStream(seed, "kills", 0)
	between := func(low, high time.Duration) time.Duration {
		return (low + time.Duration(random.Next()%uint64(high-low))).Round(time.Millisecond)
	}
	at := time.Second
	var parts []string
	for len(parts) < n {
		at += between(300*time.Millisecond, 900*time.Millisecond)
		target := targets[random.Next()%uint64(len(targets))]
		if at < back[target] {
			continue
		}
		away := between(50*time.Millisecond, 500*time.Millisecond)
		back[target] = at + away + 2*time.Second // the new process has to be ready first
		parts = append(parts, fmt.Sprintf("%s:kill@%s+%s", target, at, away))
	}
	return strings.Join(parts, ";"), at + 3*time.Second
}
