package chart

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"gonum.org/v1/plot"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

// samples are pictures as reports draw them, and those that are easily forgotten.
func samples() map[string]Picture {
	var x, sync, replicated []float64
	for n := 0.0; n < 3; n += 0.1 {
		x = append(x, 1-math.Pow(10, -n))
		sync, replicated = append(sync, 0.005*math.Exp(n)), append(replicated, 0.0003*math.Exp(n/2))
	}
	second := func(y ...float64) (x, out []float64) {
		for i := range y {
			x = append(x, float64(i)-1.5)
		}
		return x, y
	}
	sx, errors := second(0, 0, 0, 0, 1, 1, 0.2, 0)
	_, p99 := second(0.02, 0.02, 0.03, 0.02, math.NaN(), math.NaN(), 0.9, 0.02)
	_, zero := second(0, 0, 0, 0, 0, 0, 0, 0)
	shades := []Shade{{"warm-up", -2, 0}, {"B away", 2, 4}, {"C away", 3, 5}}
	legend := []Entry{{Scenario: "sync", Text: "sync: p50 5.0 ms, p99 50 ms"}, {Scenario: "async-replicated"}}
	return map[string]Picture{
		"percentiles": {Title: "Latency", Note: "rate 500/s", Legend: legend, Panels: []Panel{
			{Title: "latency", X: Nines, Y: LogDuration, Lines: []Line{{"sync", x, sync}, {"async-replicated", x, replicated}}},
		}},
		"timeline": {Title: "By second", Legend: legend, Panels: []Panel{
			{Title: "p99", Y: LogDuration, Shades: shades, Lines: []Line{{"sync", sx, p99}, {"async-replicated", sx, zero}}},
			{Title: "errors", Y: Percent, Shades: shades, Lines: []Line{{"sync", sx, errors}, {"async-replicated", sx, zero}}},
			{Title: "age", Y: Duration, Shades: shades, Lines: []Line{{"sync", sx, zero}}},
		}},
		"one-point": {Title: "One point", Legend: []Entry{{Scenario: "mine"}}, Panels: []Panel{
			{Title: "p99", Y: LogDuration, Lines: []Line{{"mine", []float64{0.5}, []float64{0.02}}}},
		}},
		"empty": {Title: "Nothing", Panels: []Panel{{Title: "age", X: Nines, Y: Duration, Empty: "no answer was out of date"}}},
	}
}

// The same input gives the same bytes, so pictures can be golden. After a change
// that is meant, look at them: go test ./internal/chart -update
func TestGolden(t *testing.T) {
	for name, picture := range samples() {
		for _, ending := range []string{".png", ".svg"} {
			t.Run(name+ending, func(t *testing.T) {
				if ending == ".png" && runtime.GOARCH != "amd64" {
					t.Skip("other CPUs may round the edge of a line otherwise; the SVG is compared everywhere")
				}
				golden := filepath.Join("testdata", name+ending)
				path := filepath.Join(t.TempDir(), name+ending)
				if *update {
					path = golden
				}
				if err := picture.Save(path); err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					kept := golden + ".got"
					if err := os.WriteFile(kept, got, 0o644); err != nil {
						t.Fatal(err)
					}
					t.Errorf("the picture has changed: compare %s with %s", kept, golden)
				}
			})
		}
	}
}

func TestSaveSaysWhatItCannotDraw(t *testing.T) {
	if err := (Picture{}).Save("x.gif"); err == nil {
		t.Error("a GIF was drawn")
	}
	if err := (Picture{Panels: []Panel{{}}}).Save(filepath.Join(t.TempDir(), "no", "x.png")); err == nil {
		t.Error("a file in a folder that does not exist was written")
	}
}

func labels(ticks []plot.Tick) (out []string) {
	for _, t := range ticks {
		if t.Label != "" {
			out = append(out, t.Label)
		}
	}
	return out
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		name string
		got  []plot.Tick
		want []string
	}{
		{"nines", ninesTicks{}.Ticks(0, 4), []string{"0 %", "50 %", "75 %", "90 %", "99 %", "99.9 %", "99.99 %"}},
		{"two decades", logTicks{}.Ticks(-3, -1.2), []string{"1 ms", "2 ms", "5 ms", "10 ms", "20 ms", "50 ms"}},
		{"four decades", logTicks{}.Ticks(-4, 0), []string{"100 µs", "1 ms", "10 ms", "100 ms", "1 s"}},
		{"percent", linearTicks{5, percent}.Ticks(0, 1.05), []string{"0 %", "50 %", "100 %"}},
		{"below zero", linearTicks{12, second}.Ticks(-2, 3), []string{"-2 s", "-1.5 s", "-1 s", "-0.5 s", "0 s", "0.5 s", "1 s", "1.5 s", "2 s", "2.5 s", "3 s"}},
	} {
		got := labels(c.got)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
				break
			}
		}
	}
}

func TestAScenarioHasOneStyle(t *testing.T) {
	seen := make(map[any]string)
	for _, name := range []string{"sync", "async-request", "async-replicated", "monolith"} {
		style := styleOf(name)
		if other, ok := seen[style.Color]; ok {
			t.Errorf("%s and %s have the same colour", name, other)
		}
		seen[style.Color] = name
	}
	if a, b := styleOf("mine"), styleOf("mine"); a.Color != b.Color {
		t.Error("an unknown scenario changes its colour")
	}
}
