package report

import (
	"io"
	"strconv"
	"strings"

	"crosstalk/internal/result"
)

// Grid is a table with its cells apart: what is printed as text elsewhere.
type Grid struct {
	Title string
	Head  []string
	Rows  [][]string
}

// Grids takes what the tables of this package print, cell by cell, and the lines
// that stand under them. It is a writer to be given to them.
type Grids struct {
	All   []Grid
	Lines []string
}

var _ io.Writer = (*Grids)(nil)

// Write takes lines of text, which belong to no table.
func (g *Grids) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			g.Lines = append(g.Lines, line)
		}
	}
	return len(text), nil
}

func (g *Grids) begin(title string) { g.All = append(g.All, Grid{Title: title}) }

// row takes a row; the first one of a table is its head. Each is as wide as the
// head.
func (g *Grids) row(cells []string) {
	t := &g.All[len(g.All)-1]
	if t.Head == nil {
		t.Head = heads(cells)
		return
	}
	row := make([]string, len(t.Head))
	for i := range min(len(row), len(cells)) {
		row[i] = strings.TrimPrefix(cells[i], theoryMark)
	}
	t.Rows = append(t.Rows, row)
}

// theoryMark stands ahead of a figure of theory, where text has no other way to
// tell it apart.
const theoryMark = "| "

// heads names the columns of theory after what they are beside.
func heads(cells []string) []string {
	out := make([]string, len(cells))
	for i, cell := range cells {
		out[i] = cell
		if cell == theoryMark+"theory" && i > 0 {
			out[i] = cells[i-1] + ", theory"
		}
	}
	return out
}

// Comparison returns the tables that bench run prints first: a row for each run.
func Comparison(runs []result.Run) []Grid {
	var g Grids
	_ = Table(&g, runs) // it writes to memory
	return g.All
}

// Details returns the other tables of bench run, as far as there is anything in
// them.
func Details(runs []result.Run) []Grid {
	var g Grids
	for _, table := range []func(io.Writer, []result.Run) error{Impacts, Processes, Bootstraps, Theory, Policies, Faults} {
		_ = table(&g, runs) // it writes to memory
	}
	var some []Grid
	for _, t := range g.All {
		if len(t.Rows) > 0 {
			some = append(some, t)
		}
	}
	return some
}

// units are those that this package writes, by their size in the base unit.
var units = map[string]float64{
	"": 1, "µs": 1e-6, "ms": 1e-3, "s": 1, "%": 1, "/s": 1, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9,
}

// SortKey returns the number that a cell is sorted by: its first figure, in its
// base unit. It is not ok where the cell begins with no figure.
func SortKey(cell string) (key float64, ok bool) {
	cell = strings.TrimPrefix(strings.TrimPrefix(cell, "mean "), "<")
	end := strings.IndexFunc(cell, func(r rune) bool { return !strings.ContainsRune("0123456789.,-", r) })
	if end < 0 {
		end = len(cell)
	}
	value, err := strconv.ParseFloat(strings.ReplaceAll(cell[:end], ",", ""), 64)
	if err != nil {
		return 0, false
	}
	unit, _, _ := strings.Cut(strings.TrimPrefix(cell[end:], " "), " ")
	size, known := units[unit]
	if !known {
		size = 1
	}
	return value * size, true
}
