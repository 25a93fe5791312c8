package chart

import (
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// sheet is a matrix with the place and the letters of each of its parts.
type sheet struct {
	Matrix
	group, name, heading, first, second text.Style
	groupWidth, nameWidth, cellWidth    vg.Length
	// usual is for how many lines there is room in a row that has fewer.
	usual int
}

func (s sheet) rowHeight(r Row) vg.Length {
	return vg.Points(float64(8 + 11*max(r.lines(), s.usual)))
}

func (s sheet) groupHeight(g Group) (height vg.Length) {
	for _, r := range g.Rows {
		height += s.rowHeight(r)
	}
	return height
}

const (
	bodyWidth     = width - 3*margin // what save leaves a body
	headingHeight = 20               // points
	groupGap      = 7                // points, with the separator in its middle
	cellGap       = 1.5              // points
)

func (s sheet) height() vg.Length {
	height := vg.Points(headingHeight + groupGap*float64(len(s.Groups)) + margin)
	for _, g := range s.Groups {
		height += s.groupHeight(g)
	}
	return height
}

func (s sheet) draw(c draw.Canvas) {
	cells := c.Min.X + s.groupWidth + s.nameWidth
	top := c.Max.Y
	for i, column := range s.Columns {
		s.write(c, s.heading, draw.XCenter, cells+s.cellWidth*(vg.Length(i)+0.5), top-vg.Points(headingHeight/2), s.cellWidth, column)
	}
	top -= vg.Points(headingHeight)
	for _, g := range s.Groups {
		c.StrokeLine2(draw.LineStyle{Color: faint, Width: vg.Points(0.5)}, c.Min.X, top-vg.Points(groupGap/2), c.Min.X+bodyWidth, top-vg.Points(groupGap/2))
		top -= vg.Points(groupGap)
		s.write(c, s.group, draw.XLeft, c.Min.X, top-s.groupHeight(g)/2, s.groupWidth, g.Name)
		for _, r := range g.Rows {
			s.drawRow(c, r, cells, top)
			top -= s.rowHeight(r)
		}
	}
}

func (s sheet) drawRow(c draw.Canvas, r Row, left, top vg.Length) {
	s.write(c, s.name, draw.XLeft, left-s.nameWidth, top-s.rowHeight(r)/2, s.nameWidth, r.Name)
	for i := range s.Columns {
		x := left + s.cellWidth*vg.Length(i)
		s.drawCell(c, s.cell(r, i), vg.Rectangle{
			Min: vg.Point{X: x + cellGap/2, Y: top - s.rowHeight(r) + cellGap/2},
			Max: vg.Point{X: x + s.cellWidth - cellGap/2, Y: top - cellGap/2},
		})
	}
}

func (s sheet) drawCell(c draw.Canvas, cell Cell, r vg.Rectangle) {
	fill := cell.Feel.colour(cell.Strength)
	fillBox(c, r, fill)
	lines := cell.lines()
	if len(lines) == 0 && cell.Feel == NotApplicable {
		lines = []string{noWords}
	}
	x, y := (r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2+vg.Points(11*float64(len(lines)-1)/2)
	for i, line := range lines {
		style := s.second
		if i == 0 {
			style = s.first
		}
		if style.Color = contrast(fill); cell.Feel == NotApplicable {
			style.Color = faint
		}
		s.write(c, style, draw.XCenter, x, y-vg.Points(11*float64(i)), s.cellWidth, line)
	}
}

// write writes one line around a height, and never over its width.
func (s sheet) write(c draw.Canvas, style text.Style, align text.XAlignment, x, y, room vg.Length, words string) {
	style = shrink(style, room-vg.Points(6), words)
	style.XAlign, style.YAlign = align, draw.YCenter
	c.FillText(style, vg.Point{X: x, Y: y}, clip(style, words, room-vg.Points(6)))
}
