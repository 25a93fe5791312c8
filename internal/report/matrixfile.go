package report

import (
	"fmt"
	"path/filepath"

	"crosstalk/internal/matrix"
	"crosstalk/internal/result"
)

// MatrixFile is what stands in a matrix's folder, beside those of its runs, to
// read it again: what is not in them.
const MatrixFile = "matrix.json"

type matrixFile struct {
	Rows      []matrixRowFile `json:"rows"`
	Scenarios []string        `json:"scenarios"`
	Note      string          `json:"note"`
	// Predicted is, by scenario, what theory says of each window.
	Predicted map[string][]result.Impact `json:"predicted"`
}

type matrixRowFile struct {
	Component string `json:"component"`
	Fault     string `json:"fault"`
}

// Save writes the matrix's file.
func (m Matrix) Save(dir string) error {
	f := matrixFile{Scenarios: m.Scenarios, Note: m.Note, Predicted: make(map[string][]result.Impact)}
	for _, r := range m.Rows {
		f.Rows = append(f.Rows, matrixRowFile{r.Component, r.Fault.String()})
	}
	for scenario, cells := range m.Predicted {
		for _, c := range cells {
			f.Predicted[scenario] = append(f.Predicted[scenario], c.Impact)
		}
	}
	return saveJSON(filepath.Join(dir, MatrixFile), f)
}

// LoadMatrix reads a matrix's folder: a folder a scenario.
func LoadMatrix(dir string) (Matrix, error) {
	path := filepath.Join(dir, MatrixFile)
	var f matrixFile
	if err := loadJSON(path, &f); err != nil {
		return Matrix{}, err
	}
	m := Matrix{Scenarios: f.Scenarios, Note: f.Note, Measured: make(map[string][]matrix.Cell), Predicted: make(map[string][]matrix.Cell)}
	for _, r := range f.Rows {
		row := matrix.Row{Component: r.Component}
		if err := row.Fault.UnmarshalText([]byte(r.Fault)); err != nil {
			return Matrix{}, fmt.Errorf("%s: %w", path, err)
		}
		m.Rows = append(m.Rows, row)
	}
	for _, scenario := range m.Scenarios {
		if !filepath.IsLocal(scenario) {
			return Matrix{}, fmt.Errorf("%s: %q is not a scenario", path, scenario)
		}
		run, err := result.Load(filepath.Join(dir, scenario))
		if err != nil {
			return Matrix{}, err
		}
		predicted := run.Run
		predicted.Impacts = f.Predicted[scenario]
		m.Measured[scenario] = matrix.Cells(m.Rows, &run.Run)
		m.Predicted[scenario] = matrix.Cells(m.Rows, &predicted)
	}
	return m, nil
}
