package chart

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The size of a picture: 1400 pixels wide as PNG.
const (
	width       = 10 * vg.Inch
	panelHeight = 1.7 * vg.Inch
	onlyPanel   = 4.6 * vg.Inch
	resolution  = 140
	margin      = 12 // points
)

// Save draws the picture into a file: a PNG, or an SVG, by the path's ending.
func (p Picture) Save(path string) error {
	var out bytes.Buffer
	height := p.height()
	switch ending := filepath.Ext(path); ending {
	case ".png":
		canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution))}
		p.drawOn(draw.NewCanvas(canvas, width, height))
		if _, err := canvas.WriteTo(&out); err != nil {
			return fmt.Errorf("draw %s: %w", path, err)
		}
	case ".svg":
		canvas := vgsvg.New(width, height)
		p.drawOn(draw.NewCanvas(canvas, width, height))
		if _, err := canvas.WriteTo(&out); err != nil {
			return fmt.Errorf("draw %s: %w", path, err)
		}
	default:
		return fmt.Errorf("draw %s: the ending must be .png or .svg", path)
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

func (p Picture) height() vg.Length {
	body := onlyPanel
	if n := len(p.Panels); n > 1 {
		body = panelHeight * vg.Length(n)
		if n == 2 {
			body = 2.3 * vg.Inch * 2
		}
	}
	return p.head() + body
}

// head is the height of the title, the note and the legend.
func (p Picture) head() vg.Length {
	return vg.Points(margin + 20 + 16 + 14*float64((len(p.Legend)+p.columns()-1)/p.columns()) + 8)
}

// columns is how many entries of the legend stand side by side.
func (p Picture) columns() int {
	longest := 0
	for _, e := range p.Legend {
		longest = max(longest, len([]rune(e.text())))
	}
	if longest > 62 {
		return 1
	}
	if longest > 24 {
		return 2
	}
	return 4
}

func (e Entry) text() string {
	if e.Text == "" {
		return e.Scenario
	}
	return e.Text
}

func (p Picture) drawOn(c draw.Canvas) {
	c.FillPolygon(plot.New().BackgroundColor, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	p.drawHead(c)
	body := draw.Crop(c, vg.Points(margin), -vg.Points(2*margin), vg.Points(6), -p.head())
	column := make([][]*plot.Plot, len(p.Panels))
	for i, panel := range p.Panels {
		column[i] = []*plot.Plot{panel.plotOf()}
	}
	tiles := draw.Tiles{Rows: len(p.Panels), Cols: 1, PadY: vg.Points(8)}
	for i, canvas := range plot.Align(column, tiles, body) {
		column[i][0].Draw(canvas[0])
	}
}

func (p Picture) drawHead(c draw.Canvas) {
	left, top := c.Min.X+vg.Points(margin), c.Max.Y-vg.Points(margin)
	title := textStyle(15)
	title.YAlign = draw.YTop
	c.FillText(title, vg.Point{X: left, Y: top}, p.Title)
	note := textStyle(10)
	note.Color, note.YAlign = faint, draw.YTop
	c.FillText(note, vg.Point{X: left, Y: top - vg.Points(20)}, p.Note)
	columns := p.columns()
	wide := (c.Max.X - c.Min.X - vg.Points(2*margin)) / vg.Length(columns)
	for i, e := range p.Legend {
		x := left + wide*vg.Length(i%columns)
		y := top - vg.Points(20+16+7+14*float64(i/columns))
		c.StrokeLine2(styleOf(e.Scenario), x, y, x+vg.Points(34), y)
		label := textStyle(11)
		label.YAlign = draw.YCenter
		c.FillText(label, vg.Point{X: x + vg.Points(40), Y: y}, e.text())
	}
}
