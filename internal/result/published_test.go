//go:build !race

// One goroutine reads: the race detector has nothing to see, and makes it take ten times as
// long. .ci/run tests this package once more without it.

package result

import (
	"os"
	"path/filepath"
	"testing"
)

// The runs that are published, and any that this program wrote, go together.
func TestPublishedRunsGoTogether(t *testing.T) {
	found := 0
	err := filepath.WalkDir(filepath.Join("..", "..", "results"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() != RunFile {
			return err
		}
		found++
		return readAll(filepath.Dir(path))
	})
	if err != nil || found == 0 {
		t.Errorf("%d runs: %v", found, err)
	}
}
