package report

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"crosstalk/internal/result"
)

// published are the runs under results/reference.
func published(t *testing.T) []result.Run {
	t.Helper()
	var runs []result.Run
	root := filepath.Join("..", "..", "results", "reference")
	if err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Base(path) != result.RunFile {
			return err
		}
		r, err := result.Load(filepath.Dir(path))
		if err == nil {
			runs = append(runs, r.Run)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return runs
}

// Some of the published runs are from before theory had intervals: they are read and shown
// all the same, theory with its latency.
func TestPublishedRunsAreReported(t *testing.T) {
	runs := published(t)
	older, newer := 0, 0
	for _, r := range runs {
		var b strings.Builder
		if err := Text(&b, predicted([]result.Run{r})); err != nil {
			t.Fatal(err)
		}
		if p := r.Predicted; p != nil {
			switch {
			case p.Intervals != nil:
				newer++
			case strings.Count(b.String(), "[?]") > 1: // the heading explains it
				t.Errorf("%s of %v has no intervals, and they are shown as undecided:\n%s", r.Scenario, r.Started, b.String())
			default:
				older++
			}
			if p.Latency == nil || !strings.Contains(b.String(), "| "+duration(p.Latency.P99)) {
				t.Errorf("%s of %v: %+v is shown as\n%s", r.Scenario, r.Started, p, b.String())
			}
		}
	}
	if older == 0 || newer == 0 {
		t.Errorf("of %d published runs %d have a prediction without intervals, %d one with", len(runs), older, newer)
	}
}

// Each row of each table is as wide as its head: a cell too many would not be shown.
func TestRowsAreAsWideAsTheirHead(t *testing.T) {
	all := append(runs(), published(t)...)
	tables := append(Comparison(all), Details(all)...)
	for _, name := range []string{"sweep", "matrix", "scale"} {
		s, err := Open([]string{filepath.Join("..", "..", "results", "reference", name)})
		if err != nil {
			t.Fatal(err)
		}
		for _, sw := range s.Sweeps {
			tables = append(tables, sw.Table())
		}
		for _, m := range s.Matrices {
			tables = append(tables, m.Table())
		}
		for _, sc := range s.Scales {
			tables = append(tables, sc.Table())
		}
	}
	if len(tables) < 15 {
		t.Errorf("there are only %d tables", len(tables))
	}
	for _, table := range tables {
		for _, row := range table.Rows {
			if len(row) != len(table.Head) {
				t.Errorf("%s: %d cells under %d heads: %q", table.Title, len(row), len(table.Head), row)
			}
		}
	}
}
