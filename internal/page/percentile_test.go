package page

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/compare"
	"crosstalk/internal/metric"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
	"crosstalk/internal/sweep"
	"crosstalk/internal/theory"
	"crosstalk/internal/threshold"
)

// The 99th percentile of n requests takes p99, each of those below it less and each of
// those above it more: an output that is a rank off says another figure. All three are
// ends of a histogram's buckets, which are told exactly.
const (
	less, p99, more = 1_000_447 * time.Nanosecond, 10_002_431 * time.Nanosecond, 100_007_935 * time.Nanosecond
	inText          = "10.0 ms"
)

// Every output says the same 99th percentile of a run: that of the nearest rank.
func TestOneP99(t *testing.T) {
	sizes := []int{50, 99, 100, 101, 150, 197, 199, 200, 201, 367, 368, 999, 1000, 1001, 1289, 2500, 4999, 5000}
	for n := 1; n <= 30; n++ {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			rank := (99*n + 99) / 100
			dir := t.TempDir()
			folder := resulttest.Write(t, dir, resulttest.Run{
				Scenario: "sync", Seconds: 1, Rows: resulttest.Rows(n, 1, func(i int) time.Duration {
					switch {
					case i+1 < rank:
						return less
					case i+1 > rank:
						return more
					}
					return p99
				}),
				Change: func(r *result.Run) { r.Predicted = &theory.Prediction{TriesPerRequest: map[string]float64{}} },
			})
			run, err := result.Load(folder)
			if err != nil {
				t.Fatal(err)
			}
			o := outputs{t, run, n, rank}
			o.runJSON()
			o.metrics()
			o.thresholds()
			o.tables(folder)
			o.csv(folder)
			o.hdr()
			o.compared(folder)
			o.swept(dir)
			o.drawn(dir)
		})
	}
}

// outputs is a run of n requests, of which number rank is the 99th percentile.
type outputs struct {
	*testing.T
	run     *result.Loaded
	n, rank int
}

func (o outputs) same(of string, seconds float64) {
	o.Helper()
	if seconds != p99.Seconds() {
		o.Errorf("%s says %v of %d, want %v", of, seconds, o.n, p99.Seconds())
	}
}

// open tells whether the samples bound the percentile above: 368 do.
func (o outputs) open() bool { return o.n < 368 }

func (o outputs) runJSON() {
	o.same("run.json", o.run.Run.Latency.P99)
	of, ok := o.run.Written(result.Latency, 0.99)
	if o.same("its interval", of.Value); !ok || math.IsInf(of.High, 1) != o.open() || of != o.run.Percentile(result.Latency, 0.99) {
		o.Errorf("its interval is %+v", of)
	}
	o.same("the series", o.run.Series[0].P99)
}

func (o outputs) metrics() {
	m, err := metric.ByName("latency.p99")
	if err != nil {
		o.Fatal(err)
	}
	v := m.Of(o.run)
	if o.same("the metric", v.Value); v.OpenAbove() != o.open() {
		o.Errorf("the metric is %+v", v)
	}
}

func (o outputs) thresholds() {
	for operator, want := range map[string]threshold.Ruling{"<": threshold.Crossed, "<=": threshold.Held, ">=": threshold.Held, ">": threshold.Crossed} {
		one, err := threshold.Parse("p(99)" + operator + p99.String())
		if err != nil {
			o.Fatal(err)
		}
		if want == threshold.Held && (operator == "<=" && o.open() || operator == ">=" && math.IsInf(o.run.Percentile(result.Latency, 0.99).Low, -1)) {
			want = threshold.Undecided
		}
		outcome := threshold.Check([]threshold.Threshold{one}, "sync", o.run)
		if outcome[0].Ruling != want {
			o.Errorf("%s: ruling %v, want %v", one.Text, outcome[0].Ruling, want)
		}
		var junit bytes.Buffer
		if err := report.JUnit(&junit, nil, outcome); err != nil || !strings.Contains(junit.String(), "it is "+inText) {
			o.Errorf("JUnit: %v\n%s", err, junit.String())
		}
	}
}

// tables are those of text, Markdown and the page: a percentile stands there from 100
// samples on, and says where it is open.
func (o outputs) tables(folder string) {
	var text, markdown bytes.Buffer
	s, err := report.Open([]string{folder})
	if err != nil {
		o.Fatal(err)
	}
	if err := report.Summary(&text, []result.Run{o.run.Run}); err != nil {
		o.Fatal(err)
	}
	if err := report.Markdown(&markdown, s, nil); err != nil {
		o.Fatal(err)
	}
	p, err := Of(s, func(string) string { return "" })
	if err != nil {
		o.Fatal(err)
	}
	want := "–"
	switch {
	case o.n >= 368:
		want = inText
	case o.n >= 100:
		want = inText + " [1.00 ms, open]"
	}
	if cell := report.Glance(o.run.Run).Rows[0][1].String(); cell != want {
		o.Errorf("the table says %q, want %q", cell, want)
	}
	if !strings.Contains(text.String(), want) || !strings.Contains(markdown.String(), "| "+want+" |") {
		o.Errorf("%q is not in\n%s\n%s", want, text.String(), markdown.String())
	}
	figure, _, _ := strings.Cut(want, " [")
	if got := p.Cards[0].Figures[1]; got.Name != "p99" || got.Value != figure {
		o.Errorf("the card says %+v, want %q", got, figure)
	}
}

func (o outputs) csv(folder string) {
	var out bytes.Buffer
	if err := report.CSV(&out, []report.Found{{Label: "sync", Dir: folder, Run: o.run.Run}}); err != nil {
		o.Fatal(err)
	}
	cells := row(o.T, out.Bytes())
	o.same("CSV", number(o.T, cells["latency_p99_seconds"]))
	if (cells["latency_p99_high_seconds"] == "") != o.open() {
		o.Errorf("CSV says %q for the upper end", cells["latency_p99_high_seconds"])
	}
}

// hdr holds each line against the three times that there are.
func (o outputs) hdr() {
	var out bytes.Buffer
	if err := report.HDR(&out, o.run); err != nil {
		o.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		f := strings.Fields(line)
		if len(f) != 4 || f[0] == "Value" || strings.HasPrefix(f[0], "#") {
			continue
		}
		at, want := number(o.T, f[1])*float64(o.n), p99
		switch {
		case math.Abs(at-float64(o.rank)) < 1e-2 || math.Abs(at-float64(o.rank-1)) < 1e-2:
			continue // of which its six digits do not tell the side
		case at < float64(o.rank-1):
			want = less
		case at > float64(o.rank):
			want = more
		}
		if f[0] != fmt.Sprintf("%.3f", float64(want)/1e6) {
			o.Errorf("HDR says %s ms at %s, want %v", f[0], f[1], want)
		}
	}
}

func (o outputs) compared(folder string) {
	side, err := compare.Read(folder)
	if err != nil {
		o.Fatal(err)
	}
	c, err := compare.Sides(side, side, []string{"latency.p99"}, false)
	if err != nil {
		o.Fatal(err)
	}
	v := c.Scenarios[0].Rows[0].New
	if o.same("compare", v.Value); v.OpenAbove() != o.open() {
		o.Errorf("compare says %+v", v)
	}
	var lines bytes.Buffer
	if err := report.Benchfmt(&lines, c); err != nil {
		o.Fatal(err)
	}
	if want := fmt.Sprintf("\t%v latency.p99-sec", p99.Seconds()); !strings.Contains(lines.String(), want) {
		o.Errorf("%q is not in\n%s", want, lines.String())
	}
}

func (o outputs) swept(dir string) {
	by, err := metric.ByName("latency.p99")
	if err != nil {
		o.Fatal(err)
	}
	s := report.Sweep{By: by, Scenarios: []string{"sync"}, Vary: []sweep.Vary{{Setting: "keys", Values: []string{"1"}}}, Points: []sweep.Point{{Values: []string{"1"}}}}
	s.Add(0, "sync", 0, "sync", o.run)
	o.same("sweep --by", s.Rows[0].By.Value)
	path := filepath.Join(dir, "sweep.csv")
	if err := s.CSV(path); err != nil {
		o.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		o.Fatal(err)
	}
	cells := row(o.T, text)
	o.same("sweep.csv", number(o.T, cells["by_value"]))
	o.same("sweep.csv's p99", number(o.T, cells["latency_p99_seconds"]))
	if (cells["by_high"] == "") != o.open() {
		o.Errorf("sweep.csv says %q for the upper end", cells["by_high"])
	}
}

// drawn looks at the curve where 99 % is, as far as it goes there.
func (o outputs) drawn(string) {
	line := report.Latency([]*result.Loaded{o.run}).Panels[0].Lines[0]
	for i, x := range line.X {
		if math.Abs(x-0.99) < 1e-12 {
			o.same("the picture", line.Y[i])
			return
		}
	}
	if o.n >= 100 {
		o.Error("the picture has nothing at 99 %")
	}
}

// row is the only line of a CSV, by the names of its columns.
func row(t *testing.T, text []byte) map[string]string {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(lines) != 2 {
		t.Fatalf("%v, %q", err, lines)
	}
	cells := make(map[string]string)
	for i, name := range lines[0] {
		cells[name] = lines[1][i]
	}
	return cells
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
