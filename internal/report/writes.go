package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/result"
)

// writes has what became of the driver's writes, where any were due.
func writes(runs []result.Run) Table {
	t := Table{
		Title: "WRITES to the upstreams, and their ERRORS with the 95 % interval",
		Head:  columns("scenario", "due", "acknowledged", "failed", "not sent", "errors", "by code"),
	}
	for _, r := range runs {
		w := r.Writes
		if w.Due > 0 {
			t.row(text(r.Scenario), count(w.Due), count(w.Acknowledged), count(w.Failed), count(w.Due-w.Sent()-w.Interrupted),
				writeErrors(w), text(cmp.Or(codes(w.Failures), none)))
		}
	}
	return t
}

// interrupted has what was in flight at an interrupt and was cancelled, where
// anything was: it is in no other column of requests and writes.
func interrupted(runs []result.Run) Table {
	t := Table{Title: "INTERRUPTED: what was in flight when the run was, and was cancelled", Head: columns("scenario", "requests", "writes")}
	for _, r := range runs {
		if r.Requests.Interrupted+r.Writes.Interrupted > 0 {
			t.row(text(r.Scenario), count(r.Requests.Interrupted), count(r.Writes.Interrupted))
		}
	}
	return t
}

func writeErrors(w result.Writes) Cell {
	if w.Sent() == 0 {
		return noFigure
	}
	return interval(w.ErrorRate())
}

// codes lists failures by their gRPC code, in the order of the codes' names.
func codes(failures map[string]int64) string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(failures)) {
		parts = append(parts, fmt.Sprintf("%s %d", code, failures[code]))
	}
	return strings.Join(parts, ", ")
}
