package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crosstalk/internal/metric"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/threshold"
)

// Which code wins: what could not run or was wrong, and what was interrupted, then a
// threshold that was crossed or left undecided, then INVALID.
func TestWhichCodeWins(t *testing.T) {
	invalid := &ended{exitInvalid, errors.New("INVALID: late sends")}
	interrupted := &ended{exitInterrupted, errors.New("interrupted")}
	wrong := errors.New("wrong answer")
	for name, c := range map[string]struct {
		ruling  threshold.Ruling
		allowed bool
		end     error
		want    int
	}{
		"held": {threshold.Held, false, nil, exitOK}, "held, INVALID": {threshold.Held, false, invalid, exitInvalid},
		"crossed": {threshold.Crossed, false, nil, exitThreshold}, "crossed, INVALID": {threshold.Crossed, false, invalid, exitThreshold},
		"crossed, WRONG": {threshold.Crossed, false, wrong, exitFailed}, "crossed, interrupted": {threshold.Crossed, false, interrupted, exitInterrupted},
		"undecided": {threshold.Undecided, false, nil, exitThreshold}, "undecided, INVALID": {threshold.Undecided, false, invalid, exitThreshold},
		"undecided, allowed": {threshold.Undecided, true, nil, exitOK}, "skipped": {threshold.Skipped, false, nil, exitOK},
	} {
		g := &gate{outcomes: []threshold.Outcome{{Of: "sync", Ruling: c.ruling, Value: metric.Value{Known: true},
			Threshold: threshold.Threshold{Text: "p(99)<1s", AllowUndecided: c.allowed}}}}
		err := g.end(io.Discard, c.end)
		if got := codeOf(err); got != c.want {
			t.Errorf("%s: code %d, want %d", name, got, c.want)
		}
		if c.end != nil && !errors.Is(err, c.end) {
			t.Errorf("%s: %v does not say %v", name, err, c.end)
		}
	}
}

// codeOf is the exit code of a command that ends with err.
func codeOf(err error) int {
	var e *ended
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	}
	return exitFailed
}

// A command that ended for a reason that no run tells of is an error in JUnit's XML; one
// whose runs tell of it is not told twice.
func TestJUnitTellsHowTheCommandEnded(t *testing.T) {
	for _, c := range []struct {
		runs []result.Run
		end  error
		want int
	}{
		{[]result.Run{{Verdict: result.OK}}, nil, 0},
		{[]result.Run{{Verdict: result.OK}}, errors.New("start sync: no port"), 1},
		{[]result.Run{{Verdict: result.Invalid}}, &ended{exitInvalid, errors.New("INVALID")}, 1},
		{[]result.Run{{Verdict: result.Wrong}}, errors.New("wrong answer"), 1},
	} {
		g := &gate{junit: filepath.Join(t.TempDir(), "junit.xml")}
		for _, r := range c.runs {
			g.runs = append(g.runs, report.ValidityOf("sync", r))
		}
		_ = g.end(io.Discard, c.end) // what it ends with is another test's
		text, err := os.ReadFile(g.junit)
		if err != nil || strings.Count(string(text), "<error ") != c.want {
			t.Errorf("%v: %v\n%s", c.end, err, text)
		}
	}
}
