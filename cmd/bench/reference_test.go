//go:build long

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// The published reference runs are drawn again from their folders alone, and give
// the pictures that are published with them, to the byte.
func TestReferenceRunsAreDrawnAgain(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other CPUs may round the edge of a line otherwise; internal/chart compares its SVG everywhere")
	}
	t.Parallel()
	published, err := filepath.Glob(filepath.Join("..", "..", "results", "reference", "*"))
	if err != nil || len(published) < 5 {
		t.Fatalf("%d reference runs, %v", len(published), err)
	}
	for _, dir := range published {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			if filepath.Base(dir) == figuresAlone {
				withoutRuns(t, dir)
				return
			}
			out := t.TempDir()
			if code, _, stderr := bench(t, t.Context(), "report", dir, "--format=png", "--out="+out); code != exitOK {
				t.Fatalf("exit code %d: %s", code, stderr)
			}
			pictures, _ := filepath.Glob(filepath.Join(dir, "*.png"))
			if len(pictures) == 0 {
				t.Error("no picture is published")
			}
			for _, path := range pictures {
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				got, err := os.ReadFile(filepath.Join(out, filepath.Base(path)))
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s is drawn otherwise now (%v)", filepath.Base(path), err)
				}
			}
		})
	}
}

// figuresAlone is published without its runs, which are many: its sweep.csv says what is
// drawn.
const figuresAlone = "overload"

// withoutRuns holds that what cannot be drawn again is as it is said to be: pictures, each
// beside its figures, and no run that could be.
func withoutRuns(t *testing.T, dir string) {
	t.Helper()
	pictures, _ := filepath.Glob(filepath.Join(dir, "*", "propagation.png"))
	figures, _ := filepath.Glob(filepath.Join(dir, "*", "sweep.csv"))
	if len(pictures) == 0 || len(figures) != len(pictures) {
		t.Errorf("%d pictures, and figures of %d", len(pictures), len(figures))
	}
	if runs, _ := filepath.Glob(filepath.Join(dir, "*", "*", "*", "run.json")); len(runs) > 0 {
		t.Errorf("%d runs are published: draw their pictures again", len(runs))
	}
}
