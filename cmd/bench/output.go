package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"crosstalk/internal/sys"
)

// output is stdout. What cannot be written to it is said once, at the program's end, and
// keeps nothing else from being written: what a command prints comes before its files.
type output struct {
	w   io.Writer
	err error // the first one
}

func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.w.Write(p)
	}
	return len(p), nil
}

// ended adds to a command's end what could not be printed.
func (o *output) ended(err error) error {
	if o.err == nil {
		return err
	}
	return errors.Join(err, fmt.Errorf("print the results: %w", o.err))
}

// inOneLine says an error in one line, also where several things went wrong at once: the
// same thing once, and files that could not be written for the same reason together.
func inOneLine(err error) string {
	var lines, paths []string
	var cause error
	for _, e := range flat(err) {
		var file *sys.WriteError
		if errors.As(e, &file) && (cause == nil || cause.Error() == file.Cause.Error()) {
			cause, paths = file.Cause, append(paths, file.Path)
			continue
		}
		lines = append(lines, strings.ReplaceAll(e.Error(), "\n", "; "))
	}
	if cause != nil {
		slices.Sort(paths)
		lines = append(lines, fmt.Sprintf("write %s: %v", strings.Join(slices.Compact(paths), ", "), cause))
	}
	var once []string
	for _, line := range lines {
		if !slices.Contains(once, line) {
			once = append(once, line)
		}
	}
	return strings.Join(once, "; ")
}

// flat takes joined errors apart.
func flat(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok && joined(err, several.Unwrap()) {
		var out []error
		for _, e := range several.Unwrap() {
			out = append(out, flat(e)...)
		}
		return out
	}
	if e, ok := err.(*ended); ok {
		return flat(e.err)
	}
	return []error{err}
}

// joined tells whether an error says its parts and nothing more, as errors.Join has it,
// and not fmt.Errorf with several of them.
func joined(err error, parts []error) bool {
	var lines []string
	for _, e := range parts {
		lines = append(lines, e.Error())
	}
	return err.Error() == strings.Join(lines, "\n")
}
