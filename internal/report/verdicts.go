package report

import (
	"bytes"
	"fmt"
	"io"

	"crosstalk/internal/verdict"
)

// Verdicts prints each claim with its ruling, and below it the figure that
// decides it.
func Verdicts(w io.Writer, all []verdict.Verdict) error {
	var out bytes.Buffer
	style := ""
	for _, v := range all {
		if v.Style != style {
			style = v.Style
			fmt.Fprintf(&out, "\n%s\n", style)
		}
		fmt.Fprintf(&out, "  %-14s %s\n", v.Ruling, v.Claim)
		fmt.Fprintf(&out, "  %-14s %s\n", "", v.Figure)
	}
	_, err := out.WriteTo(w)
	return err
}
