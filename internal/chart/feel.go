package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A feel's colours go from weak to strong. They differ in hue as the palette of
// Okabe and Ito does, and get darker from feel to feel, so that they read in grey.
var feels = map[Feel]struct {
	words        string
	weak, strong color.RGBA
}{
	Nothing:       {"none shown", color.RGBA{0xe0, 0xf1, 0xec, 0xff}, color.RGBA{0xe0, 0xf1, 0xec, 0xff}},
	Staler:        {"older answers", color.RGBA{0xfb, 0xe9, 0x8c, 0xff}, color.RGBA{0xee, 0xcc, 0x1c, 0xff}},
	Slower:        {"slower", color.RGBA{0xfb, 0xcc, 0x91, 0xff}, color.RGBA{0xe6, 0x8a, 0x1a, 0xff}},
	Errors:        {"errors", color.RGBA{0xd9, 0x95, 0xb5, 0xff}, color.RGBA{0x7d, 0x12, 0x48, 0xff}},
	NotApplicable: {"does not apply", color.RGBA{0xf3, 0xf3, 0xf3, 0xff}, color.RGBA{0xf3, 0xf3, 0xf3, 0xff}},
}

func (f Feel) words() string { return feels[f].words }

// colour is the feel's at a strength, which may be anything: it is kept in [0, 1].
func (f Feel) colour(strength float64) color.RGBA {
	if math.IsNaN(strength) {
		strength = 0
	}
	strength = min(max(strength, 0), 1)
	return mix(feels[f].weak, feels[f].strong, strength)
}

// mix goes from one colour to another, by a share of the way.
func mix(from, to color.RGBA, share float64) color.RGBA {
	part := func(a, b uint8) uint8 {
		return uint8(math.Round(float64(a) + share*(float64(b)-float64(a))))
	}
	return color.RGBA{part(from.R, to.R), part(from.G, to.G), part(from.B, to.B), 0xff}
}

// sample draws the feel's colours in a legend, from weak to strong where they
// differ, and what an empty cell of it shows.
func (f Feel) sample(c draw.Canvas, x, y vg.Length) {
	steps := 1
	if feels[f].weak != feels[f].strong {
		steps = 3
	}
	wide := vg.Points(sampleWidth) / vg.Length(steps)
	for i := range steps {
		left := x + wide*vg.Length(i)
		fillBox(c, vg.Rectangle{
			Min: vg.Point{X: left, Y: y - vg.Points(5)}, Max: vg.Point{X: left + wide, Y: y + vg.Points(5)},
		}, f.colour(float64(i)/float64(max(steps-1, 1))))
	}
	if f == NotApplicable {
		dash := textStyle(9)
		dash.XAlign, dash.YAlign = draw.XCenter, draw.YCenter
		dash.Color = faint
		c.FillText(dash, vg.Point{X: x + vg.Points(sampleWidth/2), Y: y}, noWords)
	}
}

// noWords is what an empty cell says that does not apply.
const noWords = "–"

// contrast is the colour of text on a fill: of black and white the one that WCAG
// gives the higher contrast, which is above 4.5 on any fill.
func contrast(fill color.RGBA) color.Color {
	const black, white = 0.05, 1.05
	on := luminance(fill) + 0.05
	if white/on > on/black {
		return color.White
	}
	return color.Black
}

// luminance is the relative luminance of WCAG 2.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
