package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"crosstalk/internal/result"
)

func histogram(n int64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, 600e9, 3)
	for i := range n {
		_ = h.RecordValue((i + 1) * 1e6) // it is in range
	}
	return h
}

func TestHDR(t *testing.T) {
	var out bytes.Buffer
	if err := HDR(&out, &result.Loaded{Latency: histogram(1000)}); err != nil {
		t.Fatal(err)
	}
	golden(t, "hdr.txt", out.Bytes())

	// The form is that of wrk2: "%12s" heads, "%12.3f %12f %12d %12.2f" lines.
	head, body, _ := strings.Cut(out.String(), "\n\n")
	if head != "       Value   Percentile   TotalCount 1/(1-Percentile)" {
		t.Errorf("the head is %q", head)
	}
	line := regexp.MustCompile(`^ *\d+\.\d{3} +[01]\.\d{6} +\d+ +(\d+\.\d{2}|inf)$`)
	footer := regexp.MustCompile(`^#\[\w+ += +[\d.]+, \w+ ?\w* += +[\d.]+\]$`)
	for text := range strings.Lines(body) {
		text = strings.TrimSuffix(text, "\n")
		if !line.MatchString(text) && !footer.MatchString(text) {
			t.Errorf("%q is no line of it", text)
		}
	}
	// Half of 1, 2, … 1000 ms is at most 500 ms.
	var value, percentile float64
	var total int64
	for text := range strings.Lines(body) {
		if _, err := fmt.Sscan(text, &value, &percentile, &total); err == nil && percentile == 0.5 && (total != 500 || value < 499.5 || value > 500.5) {
			t.Errorf("the median: %q", text)
		}
	}
}

func TestHDROfNothing(t *testing.T) {
	var out bytes.Buffer
	if err := HDR(&out, &result.Loaded{Latency: histogram(0)}); err != nil || !strings.Contains(out.String(), "Total count    =            0]") {
		t.Errorf("%v: %s", err, out.String())
	}
	if strings.Contains(out.String(), "NaN") {
		t.Errorf("%s", out.String())
	}
}
