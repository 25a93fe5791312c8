package sys

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

func TestPercentFor(t *testing.T) {
	for marked, want := range map[uint64]int{
		0:           1525, // Go collects from 4 MiB × 15.25 on
		4 << 20:     1525,
		16_000_000:  400,
		64_000_000:  100,
		900_000_000: 100, // as without
	} {
		if got := percentFor(marked); got != want {
			t.Errorf("%d bytes: %d %%, not %d", marked, got, want)
		}
	}
}

// 640 MB of garbage beside a heap of next to nothing are ten collections, and not the
// more than a hundred of Go's default.
func TestCollectionsAreRare(t *testing.T) {
	KeepHeadroom()
	if KeptHeadroom() == 0 {
		t.Skip("GOGC or GOMEMLIMIT is set")
	}
	runtime.GC() // from which on it is in force
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 640 << 10 {
		garbage = make([]byte, 1024)
	}
	runtime.ReadMemStats(&after)
	if n := after.NumGC - before.NumGC; n > 20 {
		t.Errorf("%d collections", n)
	}
}

var garbage []byte

// Who sets GOGC or GOMEMLIMIT decides.
func TestLeftAlone(t *testing.T) {
	if os.Getenv("SPARE_CHILD") != "" {
		KeepHeadroom()
		if KeptHeadroom() != 0 {
			t.Error("it was not left alone")
		}
		return
	}
	for _, set := range []string{"GOGC=100", "GOMEMLIMIT=1GiB"} {
		cmd := exec.Command(os.Args[0], "-test.run=TestLeftAlone")
		for _, e := range os.Environ() {
			if !strings.HasPrefix(e, "GOGC=") && !strings.HasPrefix(e, "GOMEMLIMIT=") {
				cmd.Env = append(cmd.Env, e)
			}
		}
		cmd.Env = append(cmd.Env, "SPARE_CHILD=1", set)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", set, err, out)
		}
	}
}
