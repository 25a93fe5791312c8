package report

import (
	"bytes"
	"fmt"
	"io"

	"crosstalk/internal/result"
)

const (
	// hdrTicks is how many lines there are per half of the distance to 100 %: as
	// many as wrk2 prints.
	hdrTicks = 5
	// hdrScale turns the histogram's nanoseconds into milliseconds.
	hdrScale = 1e6
)

// HDR prints the latency of a run's successes as wrk2 does: what HdrHistogram's
// tools read, in milliseconds.
func HDR(w io.Writer, r *result.Loaded) error {
	var lines bytes.Buffer
	if _, err := r.Latency.PercentilesPrint(&lines, hdrTicks, hdrScale); err != nil {
		return err
	}
	// The library's head is not in the columns of its own lines.
	_, body, _ := bytes.Cut(lines.Bytes(), []byte("\n\n"))
	_, err := fmt.Fprintf(w, "%12s %12s %12s %12s\n\n%s", "Value", "Percentile", "TotalCount", "1/(1-Percentile)", body)
	return err
}
