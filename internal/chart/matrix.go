package chart

import "gonum.org/v1/plot/vg"

// Matrix is a title, a legend and a table of cells whose colour says what was
// felt: a row for each thing that happened, a column for each scenario.
type Matrix struct {
	Title string
	// Note stands small under the title: what the matrix is of.
	Note string
	// Columns are the scenarios.
	Columns []string
	Groups  []Group
}

// Group is rows that belong together: all that happened to one component.
type Group struct {
	Name string
	Rows []Row
}

// Row is one thing that happened, with a cell a column. A cell that is missing
// does not apply.
type Row struct {
	Name  string
	Cells []Cell
}

// Cell is what was felt.
type Cell struct {
	Feel Feel
	// Strength in [0, 1] says how much of it: the colour is the darker.
	Strength float64
	// Lines are up to three short lines of text.
	Lines []string
}

// Feel is the kind of what was felt.
type Feel int

// The feels, from good to bad.
const (
	Nothing Feel = iota
	Staler
	Slower
	Errors
	NotApplicable
)

// Save draws the matrix into a file: a PNG, or an SVG, by the path's ending.
func (m Matrix) Save(path string) error {
	s := m.sheet()
	return save(path, m.head(), s.height(), s.draw)
}

// head explains each feel, from its weakest to its strongest colour.
func (m Matrix) head() head {
	feels := legend{columns: 6}
	for _, f := range []Feel{Nothing, Staler, Slower, Errors} {
		feels.keys = append(feels.keys, key{f.words(), f.sample})
	}
	feels.keys = append(feels.keys, key{text: "darker: stronger"}, key{NotApplicable.words(), NotApplicable.sample})
	return head{m.Title, m.Note, []legend{feels}}
}

func (m Matrix) cell(r Row, column int) Cell {
	if column < len(r.Cells) {
		return r.Cells[column]
	}
	return Cell{Feel: NotApplicable}
}

// lines are the lines for which there is room.
func (c Cell) lines() []string { return c.Lines[:min(len(c.Lines), mostLines)] }

// lines is how many lines the row's longest cell has.
func (r Row) lines() int {
	most := 0
	for _, c := range r.Cells {
		most = max(most, len(c.lines()))
	}
	return most
}

// A row is as high as its lines need, and never lower than what most rows need: a higher
// one is the exception.
const (
	mostLines  = 3
	usualLines = 2
)

// sheet measures the words and shares the width out: what the names leave is the
// cells', in equal parts.
func (m Matrix) sheet() sheet {
	s := sheet{Matrix: m, group: bold(11), name: textStyle(10), heading: bold(11), first: bold(9), second: textStyle(9)}
	s.usual = 1
	for _, g := range m.Groups {
		s.groupWidth = max(s.groupWidth, s.group.Width(g.Name)+vg.Points(12))
		for _, r := range g.Rows {
			s.nameWidth = max(s.nameWidth, s.name.Width(r.Name)+vg.Points(10))
			s.usual = max(s.usual, min(r.lines(), usualLines))
		}
	}
	s.groupWidth, s.nameWidth = min(s.groupWidth, bodyWidth/6), min(s.nameWidth, bodyWidth/4)
	s.cellWidth = (bodyWidth - s.groupWidth - s.nameWidth) / vg.Length(max(len(m.Columns), 1))
	s.heading = shrink(s.heading, s.cellWidth-vg.Points(6), m.Columns...)
	return s
}
