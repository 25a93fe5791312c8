package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"crosstalk/internal/report"
	"crosstalk/internal/result"
)

// picture is one picture of a report.
type picture struct {
	name, title string
	save        func(path string) error
}

// picturesOf returns the pictures of what was found: those of a sweep, of a
// matrix and of a scale, and, where there is one group of runs, those of it.
func picturesOf(s report.Session) ([]picture, error) {
	var out []picture
	for n, sw := range s.Sweeps {
		p := sw.Propagation()
		out = append(out, picture{numbered("propagation", n), p.Title, p.Save})
	}
	for n, m := range s.Matrices {
		p := m.Picture()
		out = append(out, picture{numbered("matrix", n), p.Title, p.Save})
	}
	for n, sc := range s.Scales {
		p := sc.Picture()
		out = append(out, picture{numbered("scale", n), p.Title, p.Save})
	}
	if len(s.Groups) != 1 {
		return out, nil
	}
	runs, err := s.Groups[0].Load()
	if err != nil {
		return nil, err
	}
	return append(out, picturesOfRuns(runs)...), nil
}

// picturesOfRuns are those of runs that are held against each other.
func picturesOfRuns(runs []*result.Loaded) []picture {
	latency, timeline, staleness := report.Latency(runs), report.Timeline(runs), report.Staleness(runs)
	return []picture{
		{"latency", latency.Title, latency.Save}, {"timeline", timeline.Title, timeline.Save}, {"staleness", staleness.Title, staleness.Save},
	}
}

// numbered is a picture's name: a second one of its kind has a number.
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, n+1)
}

// savePictures draws the pictures into a folder. What cannot be written costs that
// picture, and is told.
func savePictures(s report.Session, dir, ending string) (names []string, err error) {
	pictures, err := picturesOf(s)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, p := range pictures {
		if err := p.save(filepath.Join(dir, p.name+ending)); err != nil {
			errs = append(errs, err)
			continue
		}
		names = append(names, p.name+ending)
	}
	return names, errors.Join(errs...)
}
