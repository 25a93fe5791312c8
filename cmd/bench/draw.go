package main

import (
	"errors"
	"path/filepath"

	"crosstalk/internal/result"
)

// draw draws the pictures of a command's runs into its folder. What cannot be written costs
// that picture.
func draw(dir string, runs []*result.Loaded) error {
	var errs []error
	for _, p := range picturesOfRuns(runs) {
		errs = append(errs, p.save(filepath.Join(dir, p.name+".png")))
	}
	return errors.Join(errs...)
}
