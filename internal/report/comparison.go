package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/result"
)

// Summary prints runs side by side, and below it what their figures are worth.
func Summary(w io.Writer, runs []result.Run) error {
	var out bytes.Buffer
	_ = Text(&out, Comparison(runs)...) // it writes to memory
	examinations(&out, runs)
	for _, r := range runs {
		validity(&out, r)
	}
	_, err := out.WriteTo(w)
	return err
}

// Comparison returns the tables that have a row for each run: its latency and errors, what
// its answers are worth, and what it cost.
func Comparison(runs []result.Run) []Table {
	return withRows(latencies(runs), answers(runs), writes(runs), interrupted(runs), databases(runs), costs(runs), buses(runs), instrument(runs))
}

// Glance returns the table of one run at a glance: what matters most of the comparison.
func Glance(r result.Run) Table {
	t := Table{Title: r.Scenario, Head: columns("p50", "p99", "errors", "stale")}
	t.row(latency(r, 0.5), latency(r, 0.99), errorRate(r), stale(r))
	return t
}

// Details returns the other tables, as far as there is anything in them.
func Details(runs []result.Run) []Table {
	return withRows(impacts(runs), processes(runs), bootstraps(runs), policies(runs), capacities(runs), predicted(runs), predictedQueues(runs), faults(runs))
}

func latencies(runs []result.Run) Table {
	t := Table{
		Title: "LATENCY of the successes, from when they were due, and ERRORS with their 95 % interval",
		Head:  columns("scenario", "asked", "achieved", "successes", "errors", "p50", "p90", "p99", "p99.9", "max"),
	}
	for _, r := range runs {
		t.row(text(r.Scenario), perSecond(r.Requests.RateAsked), perSecond(r.Requests.RateAchieved), perSecond(r.Requests.Throughput), errorRate(r),
			latency(r, 0.5), latency(r, 0.9), latency(r, 0.99), latency(r, 0.999), quantile(r.Latency, r.Latency.Max))
	}
	return t
}

// answers has what the answers are worth. That there are changes which a replica never
// showed is beside the lag, which leaves them out.
func answers(runs []result.Run) Table {
	some := slices.ContainsFunc(runs, func(r result.Run) bool { return unseen(r).Figure.Known })
	t := Table{
		Title: "ANSWERS: how many were out of date, for how long, and how far D's copy lags behind",
		Head: slices.Concat(columns("scenario", "answers", "stale", "age p50", "age p99", "age max", "lag p50", "lag p99"),
			only(some, columns("changes not seen")...)),
	}
	for _, r := range runs {
		s := r.Staleness
		t.row(append([]Cell{text(r.Scenario), count(r.Requests.Succeeded), stale(r),
			percentile(r, result.Staleness, 0.5), percentile(r, result.Staleness, 0.99), quantile(s, s.Max), lag(r, 0.5), lag(r, 0.99)},
			only(some, unseen(r))...)...)
	}
	return t
}

func costs(runs []result.Run) Table {
	t := Table{
		Title: "COST: events, databases, and the CPU time of the driver and the services",
		Head:  columns("scenario", "events/request", "stored", "of it copies", "CPU s/1000 requests"),
	}
	for _, r := range runs {
		t.row(text(r.Scenario), events(r), stored(r.StorageBytes), copies(r), cpu(r))
	}
	return t
}

// buses has how far the clusters are away that runs used.
func buses(runs []result.Run) Table {
	t := Table{
		Title: "BUS: a request and its reply, one at a time before the load, beside the same over an embedded broker",
		Head:  columns("scenario", "bus", "p50", "p99", "embedded p50", "embedded p99"),
	}
	for _, r := range runs {
		if d := r.Environment.BusRoundTrip; d != nil {
			t.row(text(r.Scenario), text(r.Environment.Bus), inSeconds(d.P50), inSeconds(d.P99), inSeconds(d.EmbeddedP50), inSeconds(d.EmbeddedP99))
		}
	}
	return t
}

// unseen says which changes a replica never showed, and why, as far as it is known.
func unseen(r result.Run) Cell {
	var parts []string
	all := int64(0)
	for _, c := range []struct {
		n    int64
		what string
	}{{r.UnseenChanges, "by the end"}, {r.LostChanges, "lost"}, {r.DeadLetters, "dead letters"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
			all += c.n
		}
	}
	if all == 0 {
		return noFigure
	}
	return figure(strings.Join(parts, ", "), float64(all))
}

func errorRate(r result.Run) Cell {
	if r.Requests.Sent == 0 {
		return noFigure
	}
	return interval(r.ErrorRate)
}

func stale(r result.Run) Cell {
	if r.Judged() == 0 {
		return noFigure
	}
	return interval(r.StaleRate)
}

func events(r result.Run) Cell {
	if r.Events == 0 {
		return noFigure
	}
	return amount(r.EventsPerRequest)
}

// cpu is none also where it was not taken, as that of runs at the same time is not.
func cpu(r result.Run) Cell {
	if r.Requests.Sent == 0 || r.CPUSecondsPer1000 == 0 {
		return noFigure
	}
	return amount(r.CPUSecondsPer1000)
}

// stored lists what each service keeps, in the order of their names.
func stored(bytes map[string]int64) Cell {
	var parts []string
	for _, service := range slices.Sorted(maps.Keys(bytes)) {
		parts = append(parts, service+" "+size(bytes[service]))
	}
	return text(strings.Join(parts, ", "))
}

func copies(r result.Run) Cell {
	if len(r.CopyBytes) == 0 {
		return noFigure
	}
	return stored(r.CopyBytes)
}

// validity prints what a run's figures are worth, where that is not simply ok.
func validity(out *bytes.Buffer, r result.Run) {
	if r.Verdict != result.OK {
		fmt.Fprintf(out, "\n%s: %s\n", r.Scenario, strings.ToUpper(string(r.Verdict)))
	} else if len(r.Warnings) > 0 {
		fmt.Fprintf(out, "\n%s:\n", r.Scenario)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(out, "  %s\n", warning)
	}
}

// JSONLines prints each run as one line of JSON.
func JSONLines(w io.Writer, runs []result.Run) error {
	encoder := json.NewEncoder(w)
	for _, r := range runs {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
