package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"crosstalk/internal/result"
)

// draw draws the pictures of runs into dir, from their folders alone. What cannot
// be read or written costs that run or that picture, and is told.
func draw(dir string, folders []string) error {
	var runs []*result.Loaded
	var errs []error
	for _, folder := range folders {
		run, err := result.Load(folder)
		if err != nil {
			errs = append(errs, fmt.Errorf("read the run back: %w", err))
			continue
		}
		runs = append(runs, run)
	}
	for _, p := range picturesOfRuns(runs) {
		errs = append(errs, p.save(filepath.Join(dir, p.name+".png")))
	}
	return errors.Join(errs...)
}
