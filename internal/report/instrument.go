package report

import (
	"bytes"
	"fmt"
	"slices"

	"crosstalk/internal/result"
)

// instrument has what of the latencies is the instrument's own doing, where that was
// measured of any run.
func instrument(runs []result.Run) Table {
	t := Table{
		Title: "INSTRUMENT: how late requests were sent, how late answers were counted, memory, and the garbage collector's pauses",
		Head: columns("scenario", "late p50", "late p99", "late max", "handling p50", "handling p99", "most memory",
			"GC cycles", "pause p50", "pause p99", "pause max", "heap grows by"),
	}
	if !slices.ContainsFunc(runs, func(r result.Run) bool { return r.GC != nil }) {
		return t
	}
	for _, r := range runs {
		t.row(append([]Cell{text(r.Scenario), percentile(r, result.Lateness, 0.5), percentile(r, result.Lateness, 0.99), quantile(r.Lateness, r.Lateness.Max),
			percentile(r, result.HandlingDelay, 0.5), percentile(r, result.HandlingDelay, 0.99), memory(r)}, collections(r.GC)...)...)
	}
	return t
}

// memory is the most that the driver's process has held.
func memory(r result.Run) Cell {
	if r.MaxResidentBytes == 0 {
		return noFigure
	}
	return inBytes(r.MaxResidentBytes)
}

func collections(g *result.GC) []Cell {
	if g == nil {
		return []Cell{noFigure, noFigure, noFigure, noFigure, noFigure}
	}
	pause := func(seconds float64) Cell { return quantile(result.Quantiles{Count: g.Pauses}, seconds) }
	return []Cell{count(g.Cycles), pause(g.P50), pause(g.P99), pause(g.Max), growth(g)}
}

// growth is by how much the heap may grow until it is collected.
func growth(g *result.GC) Cell {
	shown := fmt.Sprintf("%d %%", g.Percent)
	if g.SpareBytes > 0 {
		shown += ", at least " + size(g.SpareBytes)
	}
	return figure(shown, float64(g.Percent)/100)
}

// examinations prints what each examination found. Runs of one process have it in common.
func examinations(out *bytes.Buffer, runs []result.Run) {
	var said []string
	for _, r := range runs {
		if r.Environment.Instrument == nil {
			continue
		}
		if text := trust(*r.Environment.Instrument); !slices.Contains(said, text) {
			fmt.Fprintf(out, "%s.\n", text)
			said = append(said, text)
		}
	}
}
