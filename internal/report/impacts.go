package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"crosstalk/internal/result"
)

// Impacts prints what D's callers felt of each window of faults. Without windows
// it prints nothing.
func Impacts(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	began, signals, copies := false, anyImpact(runs, signalled), anyImpact(runs, func(i result.Impact) bool { return i.Copies > 0 })
	for _, r := range runs {
		for _, i := range r.Impacts {
			if !began {
				began = true
				t.heading("WINDOWS: what the callers felt while they lasted, and until when")
				header := []string{"scenario", "faults", "errors", "p99", "p99 without", "stale", "oldest", "recovered after", "drained after"}
				t.row(slices.Concat(header, columns(signals, "under way", "of them cut"), columns(copies, "even after"))...)
			}
			cells := []string{r.Scenario, strings.Join(i.Faults, " "), interval(i.ErrorRate.Value, i.ErrorRate.Low, i.ErrorRate.High),
				percentileIn(i.P99, i.P99Bounds), percentileIn(i.BaselineP99, i.BaselineP99Bounds), percent(i.StaleShare) + " %", orNone(i.MaxStaleness),
				ended(i.Recovery, i.Recovered), drained(r, i)}
			t.row(slices.Concat(cells, columns(signals, fmt.Sprint(i.UnderWay), fmt.Sprint(i.Cut)), columns(copies, even(i)))...)
		}
	}
	t.flush()
	return t.err
}

func anyImpact(runs []result.Run, is func(result.Impact) bool) bool {
	return slices.ContainsFunc(runs, func(r result.Run) bool { return slices.ContainsFunc(r.Impacts, is) })
}

// signalled tells whether a process was killed or stopped, of which the question is
// what that cut.
func signalled(i result.Impact) bool {
	return slices.ContainsFunc(i.Faults, func(f string) bool {
		return strings.Contains(f, ":kill@") || strings.Contains(f, ":stop@")
	})
}

// columns returns those that stand only in some tables.
func columns(shown bool, cells ...string) []string {
	if !shown {
		return nil
	}
	return cells
}

// even is for services with copies alone.
func even(i result.Impact) string {
	if i.Copies == 0 {
		return none
	}
	return ended(i.EvenAfter, i.Even)
}

// Processes prints what each process took, and how much it answered. Where all is one
// process it prints nothing.
func Processes(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	row := t.rows("PROCESSES: what each took in the measured part",
		"scenario", "process", "starts", "CPU s/1000 requests", "most memory", "queries answered")
	for _, r := range runs {
		for _, p := range r.Processes {
			row(r.Scenario, p.Name, fmt.Sprint(p.Starts), digits(p.CPUSecondsPer1000), size(p.MaxResidentBytes), answered(p))
		}
	}
	t.flush()
	return t.err
}

// Bootstraps prints what each copy read when its process started, until it held all.
// Where all is one process it prints nothing.
func Bootstraps(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	row := t.rows("CATCHING UP: what each copy read when its process started, until it held all",
		"scenario", "copy", "events", "bytes", "took")
	for _, r := range runs {
		if len(r.Processes) == 0 {
			continue
		}
		for _, b := range r.Bootstraps {
			row(r.Scenario, b.Owner+" in "+b.Service, fmt.Sprint(b.Events), size(b.Bytes), duration(b.Took))
		}
	}
	t.flush()
	return t.err
}

// answered is the driver's as well, which answers nobody.
func answered(p result.Process) string {
	if len(p.Served) == 0 {
		return none
	}
	all := int64(0)
	for _, n := range p.Served {
		all += n
	}
	return fmt.Sprint(all)
}

func orNone(seconds float64) string {
	if seconds == 0 {
		return none
	}
	return duration(seconds)
}

// ended returns how long something took to end, or that it was not seen to.
func ended(seconds float64, seen bool) string {
	switch {
	case !seen:
		return "not seen"
	case seconds == 0:
		return "at once"
	}
	return duration(seconds)
}

// drained is for replicas alone: without one nothing can be behind.
func drained(r result.Run, i result.Impact) string {
	if len(r.CopyBytes) == 0 {
		return none
	}
	return ended(i.Drain, i.Drained)
}

// Policies prints what the services did about their needs, and how full they
// were. Without either it prints nothing.
func Policies(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	row := t.rows("POLICIES: what became of the calls, and how much load they made of it",
		"scenario", "need", "calls", "tries/call", "retries", "hedges", "saved", "failed", "cancelled", "refused by breaker", "over budget", "from fallback", "failed tries")
	for _, r := range runs {
		for _, p := range r.Policies {
			row(r.Scenario, p.Consumer+"→"+p.Need, fmt.Sprint(p.Calls), digits(p.Amplification), fmt.Sprint(p.Retries), fmt.Sprint(p.Hedges),
				fmt.Sprint(p.Saved), fmt.Sprint(p.Failed), fmt.Sprint(p.Cancelled), fmt.Sprint(p.Refused), fmt.Sprint(p.OverBudget), fmt.Sprint(p.Fallbacks),
				cmp.Or(codes(p.Failures.Named()), none))
		}
	}
	capacities(t, runs)
	t.flush()
	return t.err
}

func capacities(t *table, runs []result.Run) {
	began := false
	for _, r := range runs {
		for _, c := range r.Capacities {
			if !began {
				began = true
				t.heading("CAPACITIES: how full the services were")
				t.row("scenario", "service", "workers", "queue", "arrived", "queued", "longest queue", "mean wait", "refused")
			}
			t.row(r.Scenario, c.Service, fmt.Sprint(c.Workers), fmt.Sprint(c.Queue), fmt.Sprint(c.Arrived), fmt.Sprint(c.Queued),
				fmt.Sprint(c.LongestQueue), orNone(c.MeanWait), fmt.Sprint(c.Refused))
		}
	}
}
