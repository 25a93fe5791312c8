package report

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"crosstalk/internal/result"
)

// The published runs are from before theory had intervals and may have had none of a
// figure: they are read and shown, theory with its latency and without any bound.
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
	predicted := 0
	for _, r := range runs {
		var b strings.Builder
		if err := Theory(&b, []result.Run{r}); err != nil {
			t.Fatal(err)
		}
		if p := r.Predicted; p != nil {
			predicted++
			if p.Latency == nil || !strings.Contains(b.String(), "| "+duration(p.Latency.P99)) || p.Intervals != nil {
				t.Errorf("%s of %v: %+v is shown as\n%s", r.Scenario, r.Started, p, b.String())
			}
		}
	}
	if predicted == 0 {
		t.Errorf("none of %d published runs has a prediction", len(runs))
	}
}
