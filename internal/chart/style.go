package chart

import (
	"hash/fnv"
	"image/color"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The colours are those of Okabe and Ito, which people with any colour vision
// tell apart (jfly.uni-koeln.de/color). The dashes tell the lines apart in grey,
// and let one be seen under another.
var (
	known = map[string]draw.LineStyle{
		"sync":             style(0x00, 0x72, 0xb2),
		"async-request":    style(0xd5, 0x5e, 0x00, 9, 4),
		"async-replicated": style(0x00, 0x9e, 0x73, 12, 3, 3, 3),
		"monolith":         style(0x55, 0x55, 0x55, 3, 3),
	}
	others = []draw.LineStyle{
		style(0xcc, 0x79, 0xa7), style(0xe6, 0x9f, 0x00, 9, 4), style(0x56, 0xb4, 0xe9, 12, 3, 3, 3),
	}
	ink      = color.RGBA{0x22, 0x22, 0x22, 0xff}
	faint    = color.RGBA{0x77, 0x77, 0x77, 0xff}
	gridline = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
	shadow   = color.RGBA{0xec, 0xec, 0xec, 0xff}
)

func style(r, g, b uint8, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: color.RGBA{r, g, b, 0xff}, Width: vg.Points(2), Dashes: dashes}
}

// styleOf returns the style of a scenario: the same in every picture.
func styleOf(scenario string) draw.LineStyle {
	if s, ok := known[scenario]; ok {
		return s
	}
	h := fnv.New32a()
	h.Write([]byte(scenario))
	return others[h.Sum32()%uint32(len(others))]
}
