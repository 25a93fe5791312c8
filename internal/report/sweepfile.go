package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
	"crosstalk/internal/sys"
)

// SweepFile is what stands in a sweep's folder, beside the folders of its runs, to
// read it again.
const SweepFile = "sweep.json"

type sweepFile struct {
	Vary      []varyFile     `json:"vary"`
	By        string         `json:"by"`
	Scenarios []string       `json:"scenarios"`
	Points    [][]string     `json:"points"` // the values of what is varied
	Runs      []sweepRunFile `json:"runs"`
}

type varyFile struct {
	Setting string   `json:"setting"`
	Values  []string `json:"values"`
}

type sweepRunFile struct {
	Point    int    `json:"point"`
	Scenario string `json:"scenario"`
	Repeat   int    `json:"repeat"`
	Folder   string `json:"folder"`
}

// Save writes the sweep's file: what was varied, and which run is which.
func (s Sweep) Save(dir string) error {
	f := sweepFile{By: s.By.Name, Scenarios: s.Scenarios}
	for _, v := range s.Vary {
		f.Vary = append(f.Vary, varyFile(v))
	}
	for _, p := range s.Points {
		f.Points = append(f.Points, p.Values)
	}
	for _, r := range s.Rows {
		f.Runs = append(f.Runs, sweepRunFile{r.Point, r.Scenario, r.Repeat, filepath.ToSlash(r.Folder)})
	}
	return saveJSON(filepath.Join(dir, SweepFile), f)
}

// LoadSweep reads a sweep's folder. Its points have values and no experiment:
// each run has its own.
func LoadSweep(dir string) (Sweep, error) {
	path := filepath.Join(dir, SweepFile)
	var f sweepFile
	if err := loadJSON(path, &f); err != nil {
		return Sweep{}, err
	}
	by, err := metric.ByName(f.By)
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return Sweep{}, fmt.Errorf("%s: %w", path, err)
	}
	s := Sweep{By: by, Scenarios: f.Scenarios}
	for _, v := range f.Vary {
		s.Vary = append(s.Vary, sweep.Vary(v))
	}
	for _, values := range f.Points {
		s.Points = append(s.Points, sweep.Point{Values: values})
	}
	for _, r := range f.Runs {
		run, err := result.Load(filepath.Join(dir, filepath.FromSlash(r.Folder)))
		if err != nil {
			return Sweep{}, err
		}
		if run.Predicted == nil {
			return Sweep{}, fmt.Errorf("%s: the run in %q has no prediction", path, r.Folder)
		}
		s.Add(r.Point, r.Scenario, r.Repeat, r.Folder, run)
	}
	return s, nil
}

// check refuses what would not be a grid.
func (f sweepFile) check() error {
	points := 1
	for _, v := range f.Vary {
		points *= len(v.Values)
	}
	if len(f.Vary) == 0 || points == 0 || points != len(f.Points) || len(f.Runs) == 0 {
		return errors.New("it is not the file of a sweep")
	}
	for _, p := range f.Points {
		if len(p) != len(f.Vary) {
			return errors.New("a point has more or fewer values than there are settings")
		}
	}
	for _, r := range f.Runs {
		if r.Point < 0 || r.Point >= points || !filepath.IsLocal(filepath.FromSlash(r.Folder)) {
			return fmt.Errorf("the run in %q does not belong to it", r.Folder)
		}
	}
	return nil
}

func saveJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return sys.WriteFile(path, append(data, '\n'))
}

func loadJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func has(dir, file string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
