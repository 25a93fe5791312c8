package report

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"crosstalk/internal/result"
)

// Session is what was found in folders: runs, and the sweeps and matrices that
// they belong to. The runs of a scale are too many to be shown: it stands for them.
type Session struct {
	Groups   []Group
	Sweeps   []Sweep
	Matrices []Matrix
	Scales   []Scale
	// Sources are the folders that the runs of the first group are from, where the
	// same scenario is from several: "sync #2" is from the second of them.
	Sources []string
}

// besideSweeps is the name of the group of the runs that stand in no sweep.
const besideSweeps = "the runs side by side"

// Group is runs that are held against each other.
type Group struct {
	// Name says what they have in common; it is empty where there is one group.
	Name string
	Runs []Found
}

// Found is a run's folder.
type Found struct {
	// Label is the run's scenario, with a number where there are several of it.
	Label string
	Dir   string
	Run   result.Run

	loaded *result.Loaded // nil until it is asked for
}

// kept is of how many runs the histograms are kept, 1.5 MB each: a report in
// several formats reads them once.
const kept = 8

// Load reads the runs with their histograms. Each has its label as its scenario.
func (g Group) Load() ([]*result.Loaded, error) {
	var runs []*result.Loaded
	for i, f := range g.Runs {
		run := f.loaded
		if run == nil {
			var err error
			if run, err = result.Load(f.Dir); err != nil {
				return nil, err
			}
			run.Scenario = f.Label
		}
		if len(g.Runs) <= kept {
			g.Runs[i].loaded = run
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// Figures returns the runs without their histograms, labelled as by Load.
func (g Group) Figures() []result.Run {
	var runs []result.Run
	for _, f := range g.Runs {
		run := f.Run
		run.Scenario = f.Label
		runs = append(runs, run)
	}
	return runs
}

// Runs returns all runs that were found.
func (s Session) Runs() []Found {
	var all []Found
	for _, g := range s.Groups {
		all = append(all, g.Runs...)
	}
	return all
}

// Open reads folders: runs, or what holds several. Of all of them together the
// runs that stand alone or beside each other are one group, put side by side; each
// point of a sweep, and each folder further below, is a group of its own.
func Open(paths []string) (Session, error) {
	var s Session
	var side []Found
	for _, path := range paths {
		found, err := s.open(path)
		if err != nil {
			return Session{}, err
		}
		side = append(side, found...)
	}
	if len(side) > 0 {
		s.Sources = label(side)
		s.Groups = append([]Group{{Runs: side}}, s.Groups...)
	}
	if len(s.Groups) > 1 && len(side) > 0 {
		s.Groups[0].Name = besideSweeps
	}
	return s, twice(s.Runs())
}

// open reads one folder. It returns the runs that go side by side with others.
func (s *Session) open(path string) ([]Found, error) {
	path = filepath.Clean(path)
	if err := isFolder(path); err != nil {
		return nil, err
	}
	if swept, err := has(path, SweepFile); err != nil || swept {
		return nil, errors.Join(err, s.openSweep(path))
	}
	if scaled, err := has(path, ScaleFile); err != nil {
		return nil, err
	} else if scaled {
		sc, err := LoadScale(path)
		s.Scales = append(s.Scales, sc)
		return nil, err
	}
	all, err := below(path)
	if err != nil {
		return nil, err
	}
	if isMatrix, err := has(path, MatrixFile); err != nil {
		return nil, err
	} else if isMatrix {
		m, err := LoadMatrix(path)
		if err != nil {
			return nil, err
		}
		s.Matrices = append(s.Matrices, m)
	}
	return s.sort(path, all), nil
}

func isFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no such folder", path)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s: it is not a folder: name a run's, or one that holds several", path)
	}
	return nil
}

// sort keeps the runs further below in groups of their own, and returns the others.
func (s *Session) sort(path string, all []Found) []Found {
	var side []Found
	deeper := make(map[string][]Found)
	for _, f := range all {
		if parent := filepath.Dir(f.Dir); f.Dir != path && parent != path {
			deeper[parent] = append(deeper[parent], f)
			continue
		}
		side = append(side, f)
	}
	for _, parent := range slices.Sorted(maps.Keys(deeper)) {
		name, err := filepath.Rel(path, parent)
		if err != nil {
			name = parent
		}
		inOrder(deeper[parent])
		label(deeper[parent])
		s.Groups = append(s.Groups, Group{Name: filepath.ToSlash(name), Runs: deeper[parent]})
	}
	inOrder(side)
	return side
}

// openSweep reads a sweep: a group a point. Of a sweep with repeats, "sync #2" is
// the second one.
func (s *Session) openSweep(path string) error {
	sw, err := LoadSweep(path)
	if err != nil {
		return err
	}
	s.Sweeps = append(s.Sweeps, sw)
	for n, p := range sw.Points {
		group := Group{Name: p.Name(sw.Vary)}
		for _, r := range sw.Rows {
			if r.Point == n {
				name := r.Scenario
				if sw.repeats() {
					name = fmt.Sprintf("%s #%d", name, r.Repeat+1)
				}
				group.Runs = append(group.Runs, Found{Label: name, Dir: filepath.Join(path, filepath.FromSlash(r.Folder)), Run: r.Run})
			}
		}
		if len(group.Runs) > 0 {
			s.Groups = append(s.Groups, group)
		}
	}
	return nil
}

func (s Sweep) repeats() bool {
	return slices.ContainsFunc(s.Rows, func(r SweepRow) bool { return r.Repeat > 0 })
}

// below finds the runs in a folder and below it.
func below(path string) ([]Found, error) {
	var found []Found
	err := filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() != result.RunFile {
			return err
		}
		run, err := result.Load(filepath.Dir(at))
		if err != nil {
			return err
		}
		found = append(found, Found{Label: run.Scenario, Dir: filepath.Dir(at), Run: run.Run})
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: there is no run in it: no %s", path, result.RunFile)
	}
	return found, err
}

// inOrder sorts the runs of a folder as the experiment lists their scenarios.
func inOrder(found []Found) {
	rank := func(f Found) int { return slices.Index(f.Run.Experiment.Scenario, f.Run.Scenario) }
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(filepath.Dir(a.Dir), filepath.Dir(b.Dir)), cmp.Compare(rank(a), rank(b)))
	})
}

// label tells runs of the same scenario apart by the number of the folder that
// they are in. It returns these folders where that was necessary.
func label(found []Found) []string {
	var sources []string
	times := make(map[string]int)
	for _, f := range found {
		times[f.Run.Scenario]++
		if source := filepath.Dir(f.Dir); !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	several := false
	for i := range found {
		f := &found[i]
		f.Label = f.Run.Scenario
		if times[f.Label] > 1 {
			several = true
			f.Label = fmt.Sprintf("%s #%d", f.Label, slices.Index(sources, filepath.Dir(f.Dir))+1)
		}
	}
	if !several {
		return nil
	}
	return sources
}

func twice(found []Found) error {
	seen := make(map[string]bool)
	for _, f := range found {
		if seen[f.Dir] {
			return fmt.Errorf("%s: it is named twice", f.Dir)
		}
		seen[f.Dir] = true
	}
	return nil
}
