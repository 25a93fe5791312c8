// Package report puts runs into words and tables.
//
// It computes no figure: what it shows is in run.json, rounded, and a ratio always has its
// interval. A table is data: text, Markdown and the page are renderings of it.
package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table is rows of cells below the heads of their columns. Each row is as wide as the head.
type Table struct {
	Title string
	Head  []Column
	Rows  [][]Cell
	// Lines are sentences on the whole of it, to be shown with the table.
	Lines []string
}

// Column is the head of a column.
type Column struct {
	Name string
	// Mark is in front of each cell in text, which has no lines between columns.
	Mark string
	// Short is the name in text, where the column to the left says the rest; empty where
	// it is Name.
	Short string
}

// columns are those of names, and no more than that.
func columns(names ...string) []Column {
	var out []Column
	for _, name := range names {
		out = append(out, Column{Name: name})
	}
	return out
}

// besideTheory are columns of what was measured, each with one of theory to its right.
func besideTheory(names ...string) []Column {
	var out []Column
	for _, name := range names {
		out = append(out, Column{Name: name}, theoryOf(name))
	}
	return out
}

func theoryOf(name string) Column {
	return Column{Name: name + ", theory", Mark: "| ", Short: "theory"}
}

// only returns columns or cells that are in some tables alone.
func only[T any](shown bool, some ...T) []T {
	if !shown {
		return nil
	}
	return some
}

func (t *Table) row(cells ...Cell) { t.Rows = append(t.Rows, cells) }

// numeric tells whether a column holds figures.
func (t Table) numeric(column int) bool {
	some := false
	for _, row := range t.Rows {
		switch c := row[column]; {
		case c.Figure.Known:
			some = true
		case c.Text != none && c.Text != "":
			return false
		}
	}
	return some
}

// withRows returns the tables that have rows.
func withRows(tables ...Table) []Table {
	return slices.DeleteFunc(tables, func(t Table) bool { return len(t.Rows) == 0 })
}

// Text prints tables in aligned columns, each with its title above and its lines below it.
func Text(w io.Writer, tables ...Table) error {
	var out bytes.Buffer
	for _, t := range tables {
		t.text(&out)
	}
	_, err := out.WriteTo(w)
	return err
}

func (t Table) text(out *bytes.Buffer) {
	fmt.Fprintf(out, "\n%s\n", t.Title)
	tabs := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(cell func(column int) string) {
		cells := make([]string, len(t.Head))
		for i := range cells {
			cells[i] = t.Head[i].Mark + cell(i)
		}
		fmt.Fprintln(tabs, strings.Join(cells, "\t"))
	}
	line(func(i int) string { return cmp.Or(t.Head[i].Short, t.Head[i].Name) })
	for _, row := range t.Rows {
		line(func(i int) string { return row[i].String() })
	}
	tabs.Flush()
	if len(t.Lines) > 0 {
		fmt.Fprintf(out, "\n%s\n", strings.Join(t.Lines, "\n"))
	}
}
