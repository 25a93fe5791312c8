package runner

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/grpc/status"

	"crosstalk/internal/fault"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
)

// writeFailures counts the failed writes by the name of their gRPC code.
func (r *run) writeFailures() map[string]int64 {
	byCode := make(map[string]int64)
	for f, alike := range r.driver.WriteFailures() {
		byCode[fault.CodeName(f.Code)] += alike.Count
	}
	return byCode
}

// unexplainedWrites is the warning about failed writes that no fault explains: a full
// disk, a service that somebody else has stopped.
func (r *run) unexplainedWrites(all result.Writes) []string {
	failed := r.driver.WriteFailures()
	maps.DeleteFunc(failed, func(f load.WriteFailure, _ load.FailedWrites) bool {
		return failsWrites(r.experiment.Faults(), f.Service, r.scenario.OneProcess)
	})
	if len(failed) == 0 {
		return nil
	}
	var parts, errors []string
	total := int64(0)
	for _, f := range slices.SortedFunc(maps.Keys(failed), func(a, b load.WriteFailure) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Code, b.Code))
	}) {
		parts = append(parts, fmt.Sprintf("%s %d %s", f.Service, failed[f].Count, fault.CodeName(f.Code)))
		errors = append(errors, status.Convert(failed[f].First).Message())
		total += failed[f].Count
	}
	return []string{fmt.Sprintf("%d of %d writes failed, and no fault that was asked for explains it: %s; the first of %s: %s",
		total, all.Sent(), strings.Join(parts, ", "), parts[0], errors[0])}
}

// failsWrites reports whether one of the faults can fail a write to a service. Those of
// its requests do not: a write does not pass them. Where all is one process, what takes
// one service or its database away takes all of them.
func failsWrites(all fault.Faults, service string, oneProcess bool) bool {
	return slices.ContainsFunc(all, func(f fault.Fault) bool {
		if t := f.Target; !oneProcess && t.Service != service && t.Service != fault.Everyone {
			return false
		}
		switch f.Target.Part {
		case fault.Service:
			return f.Kind.Windowed()
		case fault.Store:
			return true
		}
		return false
	})
}
