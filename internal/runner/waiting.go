package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crosstalk/internal/topology"
)

// sayAfter is for how long something is waited for without a word.
const sayAfter = 2 * time.Second

// waiting says what is waited for, once that takes long, until the function that it
// returns is called.
func (r *run) waiting(what string) (over func()) {
	if r.options.Waiting == nil {
		return func() {}
	}
	say := time.AfterFunc(sayAfter, func() { r.options.Waiting(r.scenario.Name, what) })
	return func() { say.Stop() }
}

// withLastWords has the reason why a run has ended early name the files that have what
// those processes said last that have ended by themselves.
func (r *run) withLastWords(err error, dir string) error {
	files, failed := keepLastWords(dir, r.topology.Dead())
	if len(files) > 0 {
		err = fmt.Errorf("%w; what it said last: %s", err, strings.Join(files, ", "))
	}
	return errors.Join(err, failed)
}

// keepLastWords writes what those processes said last that have ended by themselves into
// files of the run's folder, and returns their names.
func keepLastWords(dir string, dead []topology.Death) (files []string, err error) {
	for _, d := range dead {
		if len(d.Said) == 0 {
			continue
		}
		name := strings.NewReplacer("/", "-", " ", "-").Replace(d.Name) + ".stderr"
		if err := os.WriteFile(filepath.Join(dir, name), d.Said, 0o644); err != nil {
			return files, err
		}
		files = append(files, filepath.Join(dir, name))
	}
	return files, nil
}
