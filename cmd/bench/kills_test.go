//go:build long

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
	faults, length := randomKills(kills, seed, 600*time.Millisecond, "A", "B", "C", "D", "bus")
	run := underKills(t, seed, faults, length)
	t.Logf("%d kills (seed %d) in %v: %s", kills, seed, length, run)
}

// TestKillsWithDroppedEvents kills D while events are dropped on their way to it: each that it
// lacks is explained, also those that it drops before the driver watches it again, and no
// log has lost anything.
func TestKillsWithDroppedEvents(t *testing.T) {
	seed := numberFrom(t, seedVariable, 1)
	faults, length := randomKills(4, seed, 600*time.Millisecond, "D")
	run := underKills(t, seed, faults+";bus:drop=20%;bus:reorder=10%", length)
	if run.LostChanges == 0 {
		t.Errorf("seed %d: nothing was dropped: %s", seed, run)
	}
	t.Logf("seed %d: %d changes dropped: %s", seed, run.LostChanges, run)
}

// So many keys that one is seldom written twice: a later write would hide the loss of
// the one before.
const killsKeys = 5000

// killed is what is left of a run after kills.
type killed struct{ result.Run }

func (k killed) String() string {
	starts := int64(0)
	for _, p := range k.Processes {
		starts += p.Starts
	}
	return fmt.Sprintf("%d writes acknowledged, %d not visible, %d rows of copies compared, %d answers, %d of them backwards, "+
		"%d logs that lost something; %d starts of nodes", k.Writes.Acknowledged, k.UnseenChanges, k.ComparedRows,
		k.Requests.Succeeded, k.Answers.Backwards, k.LogLosses, starts)
}

// underKills has a load for so long, and fails where anything is lost.
func underKills(t *testing.T, seed uint64, faults string, length time.Duration, more ...string) killed {
	t.Helper()
	dir := t.TempDir()
	code, stdout, stderr := bench(t, t.Context(), append([]string{"run", "--scenario=async-replicated", "--placement=process",
		"--rate=200", "--write-rate=200", "--keys=" + strconv.Itoa(killsKeys), "--latency=uniform(0ms,10ms)", "--warmup=0s",
		"--seed=" + strconv.FormatUint(seed, 10), "--duration=" + length.String(), "--fault=" + faults, "--out=" + dir}, more...)...)
	// A machine that is busy makes late sends, and the run INVALID: that says nothing
	// of what is tested here. A wrong answer or a copy that differs ends with 1.
	if code != exitOK && code != exitInvalid {
		t.Fatalf("seed %d: exit code %d: %s\n%s", seed, code, stderr, stdout)
	}
	folders, err := filepath.Glob(filepath.Join(dir, "*", "async-replicated"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("folders %v, %v", folders, err)
	}
	loaded, err := result.Load(folders[0])
	if err != nil {
		t.Fatal(err)
	}
	run := killed{loaded.Run}
	if run.UnseenChanges != 0 || run.Answers.Backwards != 0 || run.Answers.Corrupt != 0 || run.Answers.Missing != 0 || run.LogLosses != 0 {
		t.Errorf("seed %d: acknowledged changes are lost: %s; answers %+v", seed, run, run.Answers)
	}
	if run.ComparedRows != 3*killsKeys {
		t.Errorf("seed %d: %d rows of copies were compared, want 3 × %d", seed, run.ComparedRows, killsKeys)
	}
	if load := int64(length.Seconds()); run.Writes.Acknowledged < load || run.Requests.Succeeded < load {
		t.Errorf("seed %d: there was no load to speak of: %s", seed, run)
	}
	return run
}

// randomKills returns so many kills, each about apart after the one before, of a process that is not away, and how long a run of them takes.
func randomKills(n int, seed uint64, apart time.Duration, targets ...string) (faults string, length time.Duration) {
	back := make(map[string]time.Duration)
	random := seeded.NewStream(seed, "kills", 0)
	between := func(low, high time.Duration) time.Duration {
		return (low + time.Duration(random.Next()%uint64(high-low))).Round(time.Millisecond)
	}
	at := time.Second
	var parts []string
	for len(parts) < n {
		at += between(apart/2, apart*3/2)
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
