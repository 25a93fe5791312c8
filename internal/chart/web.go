package chart

import (
	"fmt"
	"image/color"
)

// Look is how a scenario is drawn, in the words of CSS: for those that draw it in
// a browser, where it must look as it does in the pictures.
type Look struct {
	// Light is its colour on a white ground. Dark is the same hue on a dark one, as
	// much lighter as can be told from it.
	Light, Dark string
	// Dashes are lengths in points; none for a line without gaps.
	Dashes []float64
	// Symbol is what its points are: circle, triangle, rect, diamond, pin or roundRect.
	Symbol string
}

// LookOf returns the look of a scenario: the same in every picture and page.
func LookOf(scenario string) Look {
	l := lookOf(scenario)
	c := color.RGBAModel.Convert(l.line.Color).(color.RGBA)
	out := Look{Light: css(c), Dark: css(visible(c)), Symbol: symbols[l.marker]}
	for _, d := range l.line.Dashes {
		out.Dashes = append(out.Dashes, d.Points())
	}
	return out
}

// darkGround is what pages are on in the dark, and tellable the contrast to it that
// a line needs, by WCAG 2, with something to spare.
var darkGround = color.RGBA{0x16, 0x1b, 0x22, 0xff}

const tellable = 4

func visible(c color.RGBA) color.RGBA {
	white := color.RGBA{0xff, 0xff, 0xff, 0xff}
	out := c
	for share := 0.0; share < 1 && (luminance(out)+0.05)/(luminance(darkGround)+0.05) < tellable; share += 0.05 {
		out = mix(c, white, share)
	}
	return out
}

func css(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Words says what a feel is called.
func (f Feel) Words() string { return f.words() }

// Colours returns the colour of a feel at a strength in [0, 1], and that of text on
// it.
func (f Feel) Colours(strength float64) (fill, text string) {
	c := f.colour(strength)
	return css(c), css(color.RGBAModel.Convert(contrast(c)).(color.RGBA))
}

// symbols are those of Apache ECharts that come near to the markers.
var symbols = map[marker]string{
	disc: "circle", pyramid: "triangle", funnel: "pin", box: "rect", diamond: "diamond", pentagon: "roundRect",
}
