package report

import (
	"cmp"
	"slices"
	"strings"

	"crosstalk/internal/result"
)

// impacts has what D's callers felt of each window of faults.
func impacts(runs []result.Run) Table {
	signals, copies := anyImpact(runs, signalled), anyImpact(runs, func(i result.Impact) bool { return i.Copies > 0 })
	t := Table{
		Title: "WINDOWS: what the callers felt while they lasted, and until when",
		Head: slices.Concat(columns("scenario", "faults", "errors", "p99", "p99 without", "stale", "oldest", "recovered after", "drained after"),
			only(signals, columns("under way", "of them cut")...), only(copies, columns("even after")...)),
	}
	for _, r := range runs {
		for _, i := range r.Impacts {
			cells := []Cell{text(r.Scenario), text(strings.Join(i.Faults, " ")), interval(i.ErrorRate),
				percentileIn(i.P99, i.P99Bounds), percentileIn(i.BaselineP99, i.BaselineP99Bounds), inPercent(i.StaleShare), orNone(i.MaxStaleness),
				ended(i.Recovery, i.Recovered), drained(r, i)}
			t.row(slices.Concat(cells, only(signals, count(i.UnderWay), count(i.Cut)), only(copies, even(i)))...)
		}
	}
	return t
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

// even is for services with copies alone.
func even(i result.Impact) Cell {
	if i.Copies == 0 {
		return noFigure
	}
	return ended(i.EvenAfter, i.Even)
}

// processes has what each process took, and how much it answered.
func processes(runs []result.Run) Table {
	t := Table{
		Title: "PROCESSES: what each took in the measured part",
		Head:  columns("scenario", "process", "starts", "CPU s/1000 requests", "most memory", "queries answered"),
	}
	for _, r := range runs {
		for _, p := range r.Processes {
			t.row(text(r.Scenario), text(p.Name), count(p.Starts), amount(p.CPUSecondsPer1000), inBytes(p.MaxResidentBytes), answered(p))
		}
	}
	return t
}

// bootstraps has what each replica read when its process started, until it held all. It is
// without rows where all is one process.
func bootstraps(runs []result.Run) Table {
	t := Table{
		Title: "CATCHING UP: what each copy read when its process started, until it held all",
		Head:  columns("scenario", "copy", "events", "bytes", "took"),
	}
	for _, r := range runs {
		if len(r.Processes) == 0 {
			continue
		}
		for _, b := range r.Bootstraps {
			t.row(text(r.Scenario), text(b.Owner+" in "+b.Service), count(b.Events), inBytes(b.Bytes), inSeconds(b.Took))
		}
	}
	return t
}

// answered is the driver's as well, which answers nobody.
func answered(p result.Process) Cell {
	if len(p.Served) == 0 {
		return noFigure
	}
	all := int64(0)
	for _, n := range p.Served {
		all += n
	}
	return count(all)
}

// ended returns how long something took to end, or that it was not seen to.
func ended(seconds float64, seen bool) Cell {
	switch {
	case !seen:
		return text("not seen")
	case seconds == 0:
		return text("at once")
	}
	return inSeconds(seconds)
}

// drained is for replicas alone: without one nothing can be behind.
func drained(r result.Run, i result.Impact) Cell {
	if len(r.CopyBytes) == 0 {
		return noFigure
	}
	return ended(i.Drain, i.Drained)
}

// policies has what the services did about their dependencies.
func policies(runs []result.Run) Table {
	t := Table{
		Title: "POLICIES: what became of the calls, and how much load they made of it",
		Head: columns("scenario", "need", "calls", "tries/call", "retries", "hedges", "saved", "failed", "cancelled",
			"refused by breaker", "over budget", "from fallback", "failed tries"),
	}
	for _, r := range runs {
		for _, p := range r.Policies {
			t.row(text(r.Scenario), text(p.Consumer+"→"+p.Need), count(p.Calls), amount(p.Amplification), count(p.Retries), count(p.Hedges),
				count(p.Saved), count(p.Failed), count(p.Cancelled), count(p.Refused), count(p.OverBudget), count(p.Fallbacks),
				text(cmp.Or(codes(p.Failures.Named()), none)))
		}
	}
	return t
}

func capacities(runs []result.Run) Table {
	t := Table{
		Title: "CAPACITIES: how full the services were",
		Head:  columns("scenario", "service", "workers", "queue", "arrived", "queued", "longest queue", "mean wait", "refused"),
	}
	for _, r := range runs {
		for _, c := range r.Capacities {
			t.row(text(r.Scenario), text(c.Service), count(c.Workers), count(c.Queue), count(c.Arrived), count(c.Queued),
				count(c.LongestQueue), orNone(c.MeanWait), count(c.Refused))
		}
	}
	return t
}
