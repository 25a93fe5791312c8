package chart

import (
	"hash/fnv"
	"image/color"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// look is how a scenario is drawn.
type look struct {
	line   draw.LineStyle
	marker marker
}

// The colours are those of Okabe and Ito, which people with any colour vision
// tell apart (jfly.uni-koeln.de/color). The dashes tell the lines apart in grey,
// and let one be seen under another; the markers tell the points apart.
var (
	known = map[string]look{
		"sync":             {style(0x00, 0x72, 0xb2), disc},
		"async-request":    {style(0xd5, 0x5e, 0x00, 9, 4), pyramid},
		"async-replicated": {style(0x00, 0x9e, 0x73, 12, 3, 3, 3), box},
		"monolith":         {style(0x55, 0x55, 0x55, 3, 3), diamond},
	}
	others = []look{
		{style(0xcc, 0x79, 0xa7), funnel}, {style(0xe6, 0x9f, 0x00, 9, 4), pentagon}, {style(0x56, 0xb4, 0xe9, 12, 3, 3, 3), disc},
	}
	ink      = color.RGBA{0x22, 0x22, 0x22, 0xff}
	faint    = color.RGBA{0x77, 0x77, 0x77, 0xff}
	gridline = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
	paper    = color.RGBA{0xff, 0xff, 0xff, 0xff}
	shadow   = color.RGBA{0xec, 0xec, 0xec, 0xff}
)

func style(r, g, b uint8, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: color.RGBA{r, g, b, 0xff}, Width: vg.Points(2), Dashes: dashes}
}

// lookOf returns the look of a scenario: the same in every picture. Of a scenario
// that is there several times, "sync #2" is paler than "sync #1".
func lookOf(scenario string) look {
	if name, number, ok := strings.Cut(scenario, " #"); ok {
		out := lookOf(name)
		out.line.Color = paler(out.line.Color, number)
		return out
	}
	if s, ok := known[scenario]; ok {
		return s
	}
	h := fnv.New32a()
	h.Write([]byte(scenario))
	return others[h.Sum32()%uint32(len(others))]
}

// paler mixes the colour of the nth one with white.
func paler(c color.Color, nth string) color.Color {
	n, err := strconv.Atoi(nth)
	if err != nil {
		return c
	}
	return mix(color.RGBAModel.Convert(c).(color.RGBA), color.RGBA{0xff, 0xff, 0xff, 0xff}, min(0.35*float64(max(n-1, 0)), 0.65))
}

func styleOf(scenario string) draw.LineStyle { return lookOf(scenario).line }

// theoryOf is the style of a scenario's theory: its line, but thin.
func theoryOf(scenario string) draw.LineStyle {
	out := styleOf(scenario)
	out.Width = vg.Points(1)
	return out
}

// coverage is the share of a line that is not a gap between dashes.
func coverage(dashes []vg.Length) float64 {
	var drawn, all vg.Length
	for i, d := range dashes {
		if all += d; i%2 == 0 {
			drawn += d
		}
	}
	if all == 0 {
		return 1
	}
	return float64(drawn / all)
}
