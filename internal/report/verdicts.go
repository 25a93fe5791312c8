package report

import (
	"io"

	"crosstalk/internal/verdict"
)

// Verdicts prints each claim with its ruling, and below it the figure that
// decides it.
func Verdicts(w io.Writer, all []verdict.Verdict) error {
	t := newTable(w)
	style := ""
	for _, v := range all {
		if v.Style != style {
			style = v.Style
			t.printf("\n%s\n", style)
		}
		t.printf("  %-14s %s\n", v.Ruling, v.Claim)
		t.printf("  %-14s %s\n", "", v.Figure)
	}
	return t.err
}
