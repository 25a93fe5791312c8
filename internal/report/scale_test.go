package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosstalk/internal/scale"
	"crosstalk/internal/sweep"
)

func scaled() Scale {
	s := Scale{Note: "closed loop of 4", Axes: []scale.Axis{
		{Name: "upstreams", Vary: sweep.Vary{Setting: "upstreams", Values: []string{"1", "4", "64"}}, Scenarios: []string{"sync", "monolith"}},
		{Name: "payload", Vary: sweep.Vary{Setting: "payload", Values: []string{"1000", "100000", "1000000"}}, Scenarios: []string{"sync"}},
	}}
	add := func(axis, point int, scenario string, cpu float64, verdict string) {
		s.Figures = append(s.Figures, scale.Figure{Axis: axis, Point: point, Scenario: scenario, Verdict: verdict, CPU: cpu, Rate: 100, P50: 2 * cpu})
	}
	for point, n := range []float64{1, 4, 64} {
		add(0, point, "sync", 100e-6+50e-6*n, "ok")
		add(0, point, "monolith", 40e-6, "invalid")
	}
	for point, bytes := range []float64{1000, 100_000, 1_000_000} {
		add(1, point, "sync", 200e-6+10e-9*bytes, "ok")
	}
	return s
}

func TestScaleTable(t *testing.T) {
	var out bytes.Buffer
	if err := Text(&out, scaled().Table()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"CPU a request grows with upstreams in sync: n^0.",
		", linear above a fixed part: 100 µs, and 50.0 µs for each, within 1 %\n",
		"CPU a request hardly changes with upstreams in monolith: n^0.00 [0.00, 0.00]\n",
		", linear above a fixed part: 200 µs, and 10.0 µs for each kB, within 1 %\n",
		"1.00 kB to 1.00 MB",
		"3 of 9 runs are invalid: ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

// What is read again of a folder is what was written, to the byte of its picture.
func TestScaleFile(t *testing.T) {
	dir := t.TempDir()
	s := scaled()
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	found, err := Open([]string{dir})
	if err != nil || len(found.Scales) != 1 || len(found.Groups) != 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	var pictures [2][]byte
	for i, drawn := range []Scale{s, found.Scales[0]} {
		path := filepath.Join(dir, "scale.svg")
		if err := drawn.Picture().Save(path); err != nil {
			t.Fatal(err)
		}
		if pictures[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(pictures[0], pictures[1]) {
		t.Error("it is drawn otherwise")
	}
	s.Figures[0].Point = 3
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadScale(dir); err == nil || !strings.Contains(err.Error(), "a figure is of no point of an axis") {
		t.Errorf("%v", err)
	}
}
