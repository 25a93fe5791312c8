package runner

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/result"
)

// What was in flight at an interrupt is measured, also where it is all there is: that
// nothing answered is a finding, and the run keeps its folder.
func TestInterruptedWithoutAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		settings            []string
		after               time.Duration
		interrupted, writes int64
		kept                bool
	}{
		// From the begin on, 0.1 s after the start, until 2.05 s after it, 100 a second.
		"all hang":            {[]string{"warmup", "0s", "write-rate", "0/s"}, 2*time.Second + 5*time.Millisecond, 191, 0, true},
		"all but the writes":  {[]string{"warmup", "0s", "write-rate", "10/s"}, 2*time.Second + 5*time.Millisecond, 191, 20, true},
		"all, in the warm-up": {[]string{"warmup", "9s", "write-rate", "0/s"}, 2 * time.Second, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := ask(t, append([]string{"hang-rate", "A=100%", "timeout", "1h", "latency", "none"}, c.settings...)...)
			out, dir, err := simulate(t, "sync", e, func(_ context.Context, cancel context.CancelFunc) {
				time.AfterFunc(c.after, cancel)
			})
			if !c.kept {
				if left, _ := filepath.Glob(filepath.Join(dir, "*")); !errors.Is(err, context.Canceled) || out != nil || len(left) != 0 {
					t.Errorf("%v, %+v, %v are left", err, out, left)
				}
				return
			}
			if err != nil || out == nil {
				t.Fatalf("no run: %v", err)
			}
			loaded, err := result.Load(filepath.Join(dir, "sync"))
			if err != nil {
				t.Fatal(err)
			}
			if q := loaded.Requests; q.Sent != 0 || q.Interrupted != c.interrupted || q.Due != q.Interrupted || loaded.Writes.Acknowledged != c.writes {
				t.Errorf("%+v, %+v", q, loaded.Writes)
			}
			if says := strings.Join(loaded.Warnings, "; "); loaded.Verdict != result.Interrupted || !strings.Contains(says, "191 requests in flight were not complete 1s later, and were cancelled") {
				t.Errorf("verdict %s, %s", loaded.Verdict, says)
			}
		})
	}
}
