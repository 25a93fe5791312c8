package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"crosstalk/internal/compare"
	"crosstalk/internal/metric"
)

// Benchfmt writes the runs of a comparison in Go's benchmark format, a line for each
// run, which benchstat reads: side is old and new, so benchstat -col side compares
// them.
//
// Source: golang.org/design/14313-benchmark-format, and golang.org/x/perf/benchfmt.
func Benchfmt(w io.Writer, c *compare.Comparison) error {
	var out bytes.Buffer
	for _, r := range c.Scenarios[0].Rows {
		better := "lower"
		if r.Metric.MoreIsBetter {
			better = "higher"
		}
		fmt.Fprintf(&out, "Unit %s better=%s\n", benchUnit(r.Metric), better)
	}
	for _, side := range []struct {
		name string
		of   func(compare.Scenario) []compare.Run
	}{
		{"old", func(s compare.Scenario) []compare.Run { return s.Old }},
		{"new", func(s compare.Scenario) []compare.Run { return s.New }},
	} {
		fmt.Fprintf(&out, "\nside: %s\n", side.name)
		for _, s := range c.Scenarios {
			for _, r := range side.of(s) {
				benchmark(&out, s, r)
			}
		}
	}
	_, err := out.WriteTo(w)
	return err
}

// benchmark prints the line of a run. Its number of iterations is that of the
// requests, at least one, without which the line would be none.
func benchmark(out *bytes.Buffer, s compare.Scenario, r compare.Run) {
	fmt.Fprintf(out, "BenchmarkCrosstalk/scenario=%s\t%d", strings.ReplaceAll(s.Name, " ", ""), max(r.Requests.Sent, 1))
	for _, row := range s.Rows {
		if v := row.Metric.Of(r.Loaded); v.Known {
			fmt.Fprintf(out, "\t%s %s", number(v.Value), benchUnit(row.Metric))
		}
	}
	fmt.Fprintf(out, "\n")
}

// benchUnit is a metric as a unit of benchstat, which knows seconds by their name
// and divides them into thousandths itself.
func benchUnit(m metric.Metric) string {
	switch m.Unit {
	case metric.Seconds:
		return m.Name + "-sec"
	case metric.Share:
		return m.Name + "-share"
	case metric.PerSecond:
		return m.Name + "/s"
	}
	return fmt.Sprintf("%s-%s", m.Name, map[string]string{"cpu": "sec/1000req", "events": "per-request"}[m.Name])
}
