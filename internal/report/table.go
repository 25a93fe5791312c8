// Package report puts runs into words and tables.
//
// Its law: it computes no figure. What it prints stands in run.json, rounded, and
// a share never stands without its interval.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"crosstalk/internal/result"
)

// Table prints a row for each run: its latency and errors, what its answers are
// worth, and what it cost.
func Table(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	t.heading("LATENCY of the successes, from when they were due, and ERRORS with their 95 % interval")
	t.row("scenario", "asked", "achieved", "successes", "errors", "p50", "p90", "p99", "p99.9", "max")
	for _, r := range runs {
		l := r.Latency
		t.row(r.Scenario, rate(r.Requests.RateAsked), rate(r.Requests.RateAchieved), rate(r.Requests.Throughput), errorRate(r),
			latency(r, 0.5), latency(r, 0.9), latency(r, 0.99), latency(r, 0.999), quantile(l, l.Max))
	}
	t.answers(runs)
	t.writes(runs)
	t.interrupted(runs)
	t.compared(runs)
	t.heading("COST: events, databases, and the CPU time of the driver and the services")
	t.row("scenario", "events/request", "stored", "of it copies", "CPU s/1000 requests")
	for _, r := range runs {
		t.row(r.Scenario, events(r), stored(r.StorageBytes), copies(r), cpu(r))
	}
	t.buses(runs)
	t.instrument(runs)
	t.flush()
	for _, r := range runs {
		t.verdict(r)
	}
	return t.err
}

// buses prints how far the clusters are away that runs used.
func (t *table) buses(runs []result.Run) {
	runs = slices.DeleteFunc(slices.Clone(runs), func(r result.Run) bool { return r.Environment.BusRoundTrip == nil })
	if len(runs) == 0 {
		return
	}
	t.heading("BUS: a request and its reply, one at a time before the load, beside the same over an embedded broker")
	t.row("scenario", "bus", "p50", "p99", "embedded p50", "embedded p99")
	for _, r := range runs {
		d := r.Environment.BusRoundTrip
		t.row(r.Scenario, r.Environment.Bus, duration(d.P50), duration(d.P99), duration(d.EmbeddedP50), duration(d.EmbeddedP99))
	}
}

// instrument prints what of the latencies is the instrument's own doing, where that
// was measured.
func (t *table) instrument(runs []result.Run) {
	if !slices.ContainsFunc(runs, func(r result.Run) bool { return r.GC != nil }) {
		return
	}
	t.heading("INSTRUMENT: how late requests were sent, how late answers were counted, memory, and the garbage collector's pauses")
	t.row("scenario", "late p50", "late p99", "late max", "handling p50", "handling p99", "most memory", "GC cycles", "pause p50", "pause p99", "pause max", "heap grows by")
	for _, r := range runs {
		cells := []string{r.Scenario, percentile(r, result.Lateness, 0.5), percentile(r, result.Lateness, 0.99), quantile(r.Lateness, r.Lateness.Max),
			percentile(r, result.HandlingDelay, 0.5), percentile(r, result.HandlingDelay, 0.99), memory(r)}
		if g := r.GC; g != nil {
			pause := func(seconds float64) string { return quantile(result.Quantiles{Count: g.Pauses}, seconds) }
			cells = append(cells, fmt.Sprint(g.Cycles), pause(g.P50), pause(g.P99), pause(g.Max), growth(g))
		} else {
			cells = append(cells, none, none, none, none, none)
		}
		t.row(cells...)
	}
	t.trust(runs)
}

// memory is the most that the driver's process has held.
func memory(r result.Run) string {
	if r.MaxResidentBytes == 0 {
		return none
	}
	return size(r.MaxResidentBytes)
}

// growth is by how much the heap may grow until it is collected.
func growth(g *result.GC) string {
	if g.SpareBytes > 0 {
		return fmt.Sprintf("%d %%, at least %s", g.Percent, size(g.SpareBytes))
	}
	return fmt.Sprintf("%d %%", g.Percent)
}

// trust prints what each examination found, below the table; among Grids, Words says
// it. Runs of one process have it in common.
func (t *table) trust(runs []result.Run) {
	if t.grids != nil {
		return
	}
	t.flush()
	var said []string
	for _, r := range runs {
		if r.Environment.Instrument == nil {
			continue
		}
		if text := trust(*r.Environment.Instrument); !slices.Contains(said, text) {
			t.printf("%s.\n", text)
			said = append(said, text)
		}
	}
}

// answers prints what the answers are worth. That there are changes which a copy
// never showed stands beside the lag, which leaves them out.
func (t *table) answers(runs []result.Run) {
	t.heading("ANSWERS: how many were out of date, for how long, and how far D's copy lags behind")
	header := []string{"scenario", "answers", "stale", "age p50", "age p99", "age max", "lag p50", "lag p99"}
	some := slices.ContainsFunc(runs, func(r result.Run) bool { return unseen(r) != none })
	if some {
		header = append(header, "changes not seen")
	}
	t.row(header...)
	for _, r := range runs {
		s := r.Staleness
		cells := []string{r.Scenario, fmt.Sprint(r.Requests.Succeeded), stale(r),
			percentile(r, result.Staleness, 0.5), percentile(r, result.Staleness, 0.99), quantile(s, s.Max), lag(r, 0.5), lag(r, 0.99)}
		if some {
			cells = append(cells, unseen(r))
		}
		t.row(cells...)
	}
}

// unseen says which changes a copy never showed, and why, as far as it is known.
func unseen(r result.Run) string {
	var parts []string
	for _, c := range []struct {
		n    int64
		what string
	}{{r.UnseenChanges, "by the end"}, {r.LostChanges, "lost"}, {r.DeadLetters, "dead letters"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), none)
}

func rate(perSecond float64) string {
	if perSecond == 0 {
		return none
	}
	return digits(perSecond) + "/s"
}

func errorRate(r result.Run) string {
	if r.Requests.Sent == 0 {
		return none
	}
	return interval(r.ErrorRate.Value, r.ErrorRate.Low, r.ErrorRate.High)
}

func stale(r result.Run) string {
	if r.Judged() == 0 {
		return none
	}
	return interval(r.StaleRate.Value, r.StaleRate.Low, r.StaleRate.High)
}

func events(r result.Run) string {
	if r.Events == 0 {
		return none
	}
	return digits(r.EventsPerRequest)
}

// cpu is none also where it was not taken, as that of runs at the same time is not.
func cpu(r result.Run) string {
	if r.Requests.Sent == 0 || r.CPUSecondsPer1000 == 0 {
		return none
	}
	return digits(r.CPUSecondsPer1000)
}

// stored lists what each service keeps, in the order of their names.
func stored(bytes map[string]int64) string {
	var parts []string
	for _, service := range slices.Sorted(maps.Keys(bytes)) {
		parts = append(parts, service+" "+size(bytes[service]))
	}
	return strings.Join(parts, ", ")
}

func copies(r result.Run) string {
	if len(r.CopyBytes) == 0 {
		return none
	}
	return stored(r.CopyBytes)
}

// table prints aligned columns under headings, or hands them to Grids.
type table struct {
	w     io.Writer
	grids *Grids // nil where text is printed
	tabs  *tabwriter.Writer
	err   error
}

func newTable(w io.Writer) *table {
	grids, _ := w.(*Grids)
	return &table{w: w, grids: grids, tabs: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
}

func (t *table) heading(text string) {
	if t.grids != nil {
		t.grids.begin(text)
		return
	}
	t.flush()
	t.printf("\n%s\n", text)
}

// rows heads the table by its first row: one without rows is not printed.
func (t *table) rows(heading string, columns ...string) (row func(cells ...string)) {
	began := false
	return func(cells ...string) {
		if !began {
			began = true
			t.heading(heading)
			t.row(columns...)
		}
		t.row(cells...)
	}
}

func (t *table) row(cells ...string) {
	if t.grids != nil {
		t.grids.row(cells)
		return
	}
	if _, err := fmt.Fprintln(t.tabs, strings.Join(cells, "\t")); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *table) flush() {
	if err := t.tabs.Flush(); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *table) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(t.w, format, args...); err != nil && t.err == nil {
		t.err = err
	}
}

// verdict prints what a run's figures are worth, where that is not simply ok.
func (t *table) verdict(r result.Run) {
	if r.Verdict != result.OK {
		t.printf("\n%s: %s\n", r.Scenario, strings.ToUpper(string(r.Verdict)))
	} else if len(r.Warnings) > 0 {
		t.printf("\n%s:\n", r.Scenario)
	}
	for _, warning := range r.Warnings {
		t.printf("  %s\n", warning)
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
