package report

import (
	"fmt"
	"io"
	"strings"

	"crosstalk/internal/result"
)

// Impacts prints what D's callers felt of each window of faults. Without windows
// it prints nothing.
func Impacts(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	began := false
	for _, r := range runs {
		for _, i := range r.Impacts {
			if !began {
				began = true
				t.heading("WINDOWS: what the callers felt while they lasted, and until when")
				t.row("scenario", "faults", "errors", "p99", "p99 without", "stale", "oldest", "recovered after", "drained after")
			}
			t.row(r.Scenario, strings.Join(i.Faults, " "), interval(i.ErrorRate.Value, i.ErrorRate.Low, i.ErrorRate.High),
				orNone(i.P99), orNone(i.BaselineP99), percent(i.StaleShare)+" %", orNone(i.MaxStaleness),
				ended(i.Recovery, i.Recovered), drained(r, i))
		}
	}
	t.flush()
	return t.err
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
	began := false
	for _, r := range runs {
		for _, p := range r.Policies {
			if !began {
				began = true
				t.heading("POLICIES: what became of the calls, and how much load they made of it")
				t.row("scenario", "need", "calls", "tries/call", "retries", "hedges", "saved", "failed", "refused by breaker", "over budget", "from fallback")
			}
			t.row(r.Scenario, p.Consumer+"→"+p.Need, fmt.Sprint(p.Calls), digits(p.Amplification), fmt.Sprint(p.Retries), fmt.Sprint(p.Hedges),
				fmt.Sprint(p.Saved), fmt.Sprint(p.Failed), fmt.Sprint(p.Refused), fmt.Sprint(p.OverBudget), fmt.Sprint(p.Fallbacks))
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
