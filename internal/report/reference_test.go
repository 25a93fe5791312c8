package report

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"crosstalk/internal/result"
)

// Some of the published runs are from before theory had intervals: they are read and shown
// all the same, theory with its latency.
func TestPublishedRunsAreReported(t *testing.T) {
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
	older, newer := 0, 0
	for _, r := range runs {
		var b strings.Builder
		if err := Text(&b, theory([]result.Run{r})); err != nil {
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
