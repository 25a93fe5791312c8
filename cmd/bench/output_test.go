package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"crosstalk/internal/sys"
)

func TestInOneLine(t *testing.T) {
	full := syscall.ENOSPC
	file := func(name string) error { return &sys.WriteError{Path: name, Cause: full} }
	for want, err := range map[string]error{
		"one":                      errors.New("one"),
		"one; two":                 errors.Join(errors.New("one"), errors.New("two"), errors.New("one")),
		"a: one; of two lines":     fmt.Errorf("a: %w", errors.New("one\nof two lines")),
		"x: one and two":           fmt.Errorf("x: %w and %w", errors.New("one"), errors.New("two")),
		"write a.png: permission":  &sys.WriteError{Path: "a.png", Cause: errors.New("permission")},
		"report.html: no run; one": errors.Join(errors.New("report.html: no run"), &ended{exitInvalid, errors.New("one")}),
		"one; write a.png, b.html: " + full.Error(): errors.Join(file("a.png"), errors.Join(errors.New("one"), fmt.Errorf("report.html: %w", file("b.html")))),
	} {
		if got := inOneLine(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A stdout that takes nothing is said once, and costs nothing but what is printed.
func TestStdoutIsFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	out := t.TempDir()
	var errs bytes.Buffer
	code := exec(t.Context(), brief("--scenario=sync", "--out="+out), full, &errs)
	// On a busy machine the run is INVALID besides.
	if want := "print the results: write /dev/full: no space left on device"; code != exitFailed && code != exitInvalid || !strings.HasSuffix(lastLine(errs.String()), want) || strings.Count(errs.String(), "no space left") != 1 {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
	for _, name := range []string{"report.html", "latency.png", "timeline.png", "staleness.png", "sync/run.json"} {
		if found, _ := filepath.Glob(filepath.Join(out, "*", name)); len(found) != 1 {
			t.Errorf("there is no %s", name)
		}
	}
}
