package chart

import (
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

func textStyle(points float64) text.Style {
	return text.Style{
		Color: ink, Font: font.From(plot.DefaultFont, vg.Points(points)), Handler: plot.DefaultTextHandler,
	}
}

func bold(points float64) text.Style {
	out := textStyle(points)
	out.Font.Weight = boldWeight
	return out
}

// boldWeight is x/image's font.WeightBold: one number is not worth a dependency.
const boldWeight = 3

// wrap breaks a text at its spaces into lines that are not wider than that.
func wrap(style text.Style, words string, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.SplitAfter(words, " ") {
		if line != "" && style.Width(strings.TrimRight(line+word, " ")) > width {
			lines, line = append(lines, strings.TrimRight(line, " ")), ""
		}
		line += word
	}
	return append(lines, line)
}

// shrink makes the style as small as the widest of the texts needs, but stays readable.
func shrink(style text.Style, width vg.Length, texts ...string) text.Style {
	for _, t := range texts {
		for style.Width(t) > width && style.Font.Size > smallest {
			style.Font.Size -= vg.Points(0.25)
		}
	}
	return style
}

const smallest = 6.5 // points

// clip cuts what is still too wide, and shows that it did.
func clip(style text.Style, words string, width vg.Length) string {
	runes := []rune(words)
	for n := len(runes); n > 0 && style.Width(words) > width; n-- {
		words = strings.TrimRight(string(runes[:n-1]), " ") + "…"
	}
	return words
}
