package chart

import (
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// head is what stands above every kind of picture: a title, a note, the legend.
type head struct {
	title, note string
	legends     []legend
}

// legend is keys side by side, in so many columns.
type legend struct {
	columns int
	keys    []key
}

// key explains one thing: a sample of it, in 34 points from x on, where it has
// one, and words.
type key struct {
	text   string
	sample func(c draw.Canvas, x, y vg.Length)
}

const sampleWidth = 34 // points

func (l legend) rows() int { return (len(l.keys) + l.columns - 1) / l.columns }

// titles and notes are the lines of the title and of the note: one, unless it is long.
func (h head) titles() []string {
	return wrap(textStyle(15), h.title, width-vg.Points(2*margin))
}

func (h head) notes() []string {
	return wrap(textStyle(10), h.note, width-vg.Points(2*margin))
}

// words is the height of the title and the note, where further lines are further down.
func (h head) words() float64 {
	return float64(20*len(h.titles()) + 16 + 13*(len(h.notes())-1))
}

func (h head) height() vg.Length {
	rows := 0
	for _, l := range h.legends {
		rows += l.rows()
	}
	return vg.Points(margin + h.words() + 14*float64(rows) + 8)
}

func (h head) draw(c draw.Canvas) {
	left, top := c.Min.X+vg.Points(margin), c.Max.Y-vg.Points(margin)
	for i, line := range h.titles() {
		fillTop(c, textStyle(15), left, top-vg.Points(20*float64(i)), line)
	}
	note := textStyle(10)
	note.Color = faint
	below := top - vg.Points(20*float64(len(h.titles())))
	for i, line := range h.notes() {
		fillTop(c, note, left, below-vg.Points(13*float64(i)), line)
	}
	y := top - vg.Points(h.words()+7)
	for _, l := range h.legends {
		l.draw(c, left, y)
		y -= vg.Points(14 * float64(l.rows()))
	}
}

func (l legend) draw(c draw.Canvas, left, top vg.Length) {
	wide := (c.Max.X - c.Min.X - vg.Points(2*margin)) / vg.Length(l.columns)
	for i, k := range l.keys {
		x := left + wide*vg.Length(i%l.columns)
		y := top - vg.Points(14*float64(i/l.columns))
		if k.sample != nil {
			k.sample(c, x, y)
			x += vg.Points(sampleWidth + 6)
		}
		label := textStyle(11)
		label.YAlign = draw.YCenter
		c.FillText(label, vg.Point{X: x, Y: y}, k.text)
	}
}

func fillTop(c draw.Canvas, style text.Style, x, y vg.Length, words string) {
	style.YAlign = draw.YTop
	c.FillText(style, vg.Point{X: x, Y: y}, words)
}
