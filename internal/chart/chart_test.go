//go:build !race

// Without the race detector: there are no goroutines here for it to see.

package chart

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"gonum.org/v1/plot"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

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
	if err := (Matrix{}).Save("x.gif"); err == nil {
		t.Error("a GIF of a matrix was drawn")
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
		{"percent", linearTicks{5, PercentLabel}.Ticks(0, 1.05), []string{"0 %", "50 %", "100 %"}},
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
	seen, shapes := make(map[any]string), make(map[marker]string)
	for _, name := range []string{"sync", "async-request", "async-replicated", "monolith"} {
		style := styleOf(name)
		if other, ok := seen[style.Color]; ok {
			t.Errorf("%s and %s have the same colour", name, other)
		}
		if other, ok := shapes[lookOf(name).marker]; ok {
			t.Errorf("%s and %s have the same marker", name, other)
		}
		seen[style.Color], shapes[lookOf(name).marker] = name, name
	}
	if a, b := styleOf("mine"), styleOf("mine"); a.Color != b.Color {
		t.Error("an unknown scenario changes its colour")
	}
}
