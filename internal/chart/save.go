package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"crosstalk/internal/sys"
)

// The size of a picture: 1400 pixels wide as PNG.
const (
	width       = 10 * vg.Inch
	panelHeight = 1.7 * vg.Inch
	manyPanels  = 2.4 * vg.Inch // of several side by side
	onlyPanel   = 4.6 * vg.Inch
	resolution  = 140
	margin      = 12 // points
)

// Save draws the picture into a file: a PNG, or an SVG, by the path's ending.
func (p Picture) Save(path string) error {
	return save(path, p.head(), p.bodyHeight(), p.drawBody)
}

// save draws a head and, below it, a body of that height.
func save(path string, h head, body vg.Length, drawBody func(draw.Canvas)) error {
	var out bytes.Buffer
	height := h.height() + body
	var canvas interface {
		vg.Canvas
		io.WriterTo
	}
	switch ending := filepath.Ext(path); ending {
	case ".png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(resolution))}
	case ".svg":
		canvas = vgsvg.New(width, height)
	default:
		return fmt.Errorf("draw %s: the ending must be .png or .svg", path)
	}
	page := draw.NewCanvas(canvas, width, height)
	fillBox(page, page.Rectangle, plot.New().BackgroundColor)
	h.draw(page)
	drawBody(draw.Crop(page, vg.Points(margin), -vg.Points(2*margin), vg.Points(6), -h.height()))
	if _, err := canvas.WriteTo(&out); err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	return sys.WriteFile(path, out.Bytes())
}

// rows is how many panels stand below each other.
func (p Picture) rows() int { return (len(p.Panels) + p.across() - 1) / p.across() }

func (p Picture) across() int { return max(p.Columns, 1) }

func (p Picture) bodyHeight() vg.Length {
	if p.across() > 1 {
		return manyPanels * vg.Length(p.rows())
	}
	switch n := len(p.Panels); n {
	case 0, 1:
		return onlyPanel
	case 2:
		return 2.3 * vg.Inch * 2
	default:
		return panelHeight * vg.Length(n)
	}
}

func (p Picture) drawBody(body draw.Canvas) {
	across := p.across()
	grid := make([][]*plot.Plot, p.rows())
	for i, panel := range p.Panels {
		panel.columns = across
		if i%across == 0 {
			grid[i/across] = make([]*plot.Plot, across)
		}
		grid[i/across][i%across] = panel.plotOf()
	}
	tiles := draw.Tiles{Rows: len(grid), Cols: across, PadY: vg.Points(8)}
	if across > 1 {
		tiles.PadX = vg.Points(14)
	}
	for i, row := range plot.Align(grid, tiles, body) {
		for k, canvas := range row {
			if grid[i][k] != nil {
				grid[i][k].Draw(canvas)
			}
		}
	}
}

func fillBox(c draw.Canvas, r vg.Rectangle, fill color.Color) {
	c.FillPolygon(fill, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
}
