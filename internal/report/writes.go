package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/result"
)

// writes prints what became of the driver's writes, where any were due.
func (t *table) writes(runs []result.Run) {
	row := t.rows("WRITES to the upstreams, and their ERRORS with the 95 % interval",
		"scenario", "due", "acknowledged", "failed", "not sent", "errors", "by code")
	for _, r := range runs {
		w := r.Writes
		if w.Due == 0 {
			continue
		}
		row(r.Scenario, fmt.Sprint(w.Due), fmt.Sprint(w.Acknowledged), fmt.Sprint(w.Failed), fmt.Sprint(w.Due-w.Sent()-w.Interrupted),
			writeErrors(w), cmp.Or(codes(w.Failures), none))
	}
}

// interrupted prints what was in flight at an interrupt and was cancelled, where
// anything was: it is in no other column of requests and writes.
func (t *table) interrupted(runs []result.Run) {
	row := t.rows("INTERRUPTED: what was in flight when the run was, and was cancelled", "scenario", "requests", "writes")
	for _, r := range runs {
		if r.Requests.Interrupted+r.Writes.Interrupted > 0 {
			row(r.Scenario, fmt.Sprint(r.Requests.Interrupted), fmt.Sprint(r.Writes.Interrupted))
		}
	}
}

func writeErrors(w result.Writes) string {
	if w.Sent() == 0 {
		return none
	}
	e := w.ErrorRate()
	return interval(e.Value, e.Low, e.High)
}

// codes lists failures by their gRPC code, in the order of the codes' names.
func codes(failures map[string]int64) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(failures)) {
		parts = append(parts, fmt.Sprintf("%s %d", code, failures[code]))
	}
	return strings.Join(parts, ", ")
}
