package main

import (
	"fmt"
	"path/filepath"

	"crosstalk/internal/chart"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
)

// draw draws the pictures of runs into dir, from their folders alone.
func draw(dir string, folders []string) error {
	var runs []*result.Loaded
	for _, folder := range folders {
		run, err := result.Load(folder)
		if err != nil {
			return fmt.Errorf("read the run back: %w", err)
		}
		runs = append(runs, run)
	}
	for name, picture := range map[string]chart.Picture{
		"latency.png":   report.Latency(runs),
		"timeline.png":  report.Timeline(runs),
		"staleness.png": report.Staleness(runs),
	} {
		if err := picture.Save(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
