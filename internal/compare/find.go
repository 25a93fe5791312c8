package compare

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crosstalk/internal/result"
)

// Run is a run with its folder.
type Run struct {
	Dir string
	*result.Loaded
}

// Side is what stands on one side of a comparison: a run of each scenario, or
// several of them, which are repeats.
type Side struct {
	Name string
	Runs []Run
}

// Read reads a side: a run's folder, a folder with such folders anywhere below it,
// or several of these by commas. A path that is there is never taken apart.
func Read(text string) (Side, error) {
	side := Side{Name: text}
	paths := []string{text}
	if _, err := os.Stat(text); err != nil {
		paths = strings.Split(text, ",")
	}
	for _, path := range paths {
		if strings.TrimSpace(path) == "" {
			return side, Refusal("%q has an empty part between its commas", text)
		}
		folders, err := Folders(strings.TrimSpace(path))
		if err != nil {
			return side, err
		}
		for _, dir := range folders {
			loaded, err := result.Load(dir)
			if err != nil {
				return side, err
			}
			side.Runs = append(side.Runs, Run{dir, loaded})
		}
	}
	slices.SortStableFunc(side.Runs, func(a, b Run) int { return a.Started.Compare(b.Started) })
	return side, nil
}

// Folders returns the run folders that a path names: itself, or those below it, in
// the order of their names. It is an error if there is none.
func Folders(path string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && entry.Name() == result.RunFile {
			found = append(found, filepath.Dir(at))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Refusal("%s is not there", path)
	}
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, Refusal("%s holds no run: there is no %s in it or below it", path, result.RunFile)
	}
	return found, nil
}

// scenarios returns the names of a side's scenarios, in the order of its runs.
func (s Side) scenarios() []string {
	var out []string
	seen := make(map[string]bool)
	for _, r := range s.Runs {
		if !seen[r.Scenario] {
			seen[r.Scenario] = true
			out = append(out, r.Scenario)
		}
	}
	return out
}

func (s Side) of(scenario string) []Run {
	var out []Run
	for _, r := range s.Runs {
		if r.Scenario == scenario {
			out = append(out, r)
		}
	}
	return out
}
