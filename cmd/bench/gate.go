package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"crosstalk/internal/compare"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/sys"
	"crosstalk/internal/threshold"
	"crosstalk/scenarios"
)

// gate holds the thresholds of a command against what it measured.
type gate struct {
	texts          []string
	junit          string
	allowUndecided bool
	thresholds     []threshold.Threshold
	runs           []report.Validity
	outcomes       []threshold.Outcome
}

func addGate(flags *pflag.FlagSet) *gate {
	g := &gate{}
	flags.StringArrayVar(&g.texts, "threshold", nil, "what a figure must be, or the command ends with code 99; repeatable: "+threshold.Syntax)
	flags.BoolVar(&g.allowUndecided, "allow-undecided", false, "let a threshold pass that too few samples leave undecided")
	flags.StringVar(&g.junit, "junit", "", "write the thresholds as test cases to a file of JUnit's XML")
	return g
}

// read reads the thresholds, of which regressions make sense in a comparison
// alone. given are the scenarios that are measured.
func (g *gate) read(given []string, regressions bool) error {
	g.thresholds = nil
	for _, text := range g.texts {
		t, err := threshold.Parse(text)
		if err != nil {
			return usageError(fmt.Errorf("--threshold: %w", err))
		}
		if t.Regression && !regressions {
			return usageError(fmt.Errorf("--threshold: %q: a regression is one from OLD to NEW: it is for bench compare", text))
		}
		t.AllowUndecided = g.allowUndecided
		g.thresholds = append(g.thresholds, t)
	}
	if err := threshold.Speaks(g.thresholds, given, scenarios.Names()); err != nil {
		return usageError(fmt.Errorf("--threshold: %w", err))
	}
	return g.checkJUnit()
}

// checkJUnit finds out ahead of the load what can be found out of the file.
func (g *gate) checkJUnit() error {
	switch {
	case g.junit == "":
		return nil
	case len(g.thresholds) == 0:
		return usageError(errors.New("--junit: its test cases are thresholds, and there is no --threshold"))
	}
	info, err := os.Stat(filepath.Dir(g.junit))
	if err != nil {
		return usageError(fmt.Errorf("--junit: there is no folder %s", filepath.Dir(g.junit)))
	}
	if !info.IsDir() {
		return usageError(fmt.Errorf("--junit: %s is no folder", filepath.Dir(g.junit)))
	}
	if info, err := os.Stat(g.junit); err == nil && info.IsDir() {
		return usageError(fmt.Errorf("--junit: %s is a folder", g.junit))
	}
	return nil
}

// regressions are the metrics whose change is bounded.
func (g *gate) regressions() []string {
	var names []string
	for _, t := range g.thresholds {
		if t.Regression {
			names = append(names, t.Metric.Name)
		}
	}
	return names
}

// run holds the thresholds against a run, which is called of.
func (g *gate) run(of string, run *result.Loaded) {
	g.runs = append(g.runs, report.ValidityOf(of, run.Run))
	g.outcomes = append(g.outcomes, threshold.Check(g.thresholds, of, run)...)
}

// found reads the thresholds, and holds them against the runs that were found.
func (g *gate) found(s report.Session) error {
	var given []string
	for _, f := range s.Runs() {
		given = append(given, f.Run.Scenario)
	}
	if err := g.read(unique(given), false); err != nil || len(g.thresholds) == 0 {
		return err
	}
	for _, group := range s.Groups {
		for _, f := range group.Runs {
			run, err := result.Load(f.Dir)
			if err != nil {
				return err
			}
			of := f.Label
			if group.Name != "" {
				of += " at " + group.Name
			}
			g.run(of, run)
		}
	}
	return nil
}

func (g *gate) compared(c *compare.Comparison) {
	for _, s := range c.Scenarios {
		for n, r := range s.New {
			g.runs = append(g.runs, report.ValidityOf(threshold.NameOf(s, n), r.Run))
		}
	}
	g.outcomes = append(g.outcomes, threshold.Compared(g.thresholds, c)...)
}

// end prints what became of the thresholds and makes it the command's end, whose
// end would be err without them: what could not run or was wrong, or was
// interrupted, stays that; figures that are INVALID and beyond a bound are beyond
// it.
func (g *gate) end(out io.Writer, err error) error {
	g.note(err)
	written := errors.Join(report.Thresholds(out, g.outcomes), g.writeJUnit())
	var failed []error
	for _, o := range g.outcomes {
		if o.Fails() {
			failed = append(failed, errors.New("threshold "+report.Crossing(o)))
		}
	}
	if len(failed) == 0 {
		return errors.Join(err, written)
	}
	code := exitThreshold
	var e *ended
	switch {
	case errors.As(err, &e) && e.code != exitInvalid:
		code = e.code
	case err != nil && e == nil:
		code = exitFailed
	}
	return &ended{code, errors.Join(errors.Join(failed...), err, written)}
}

// note has the end of a command told that no run tells of.
func (g *gate) note(err error) {
	if err != nil && !slices.ContainsFunc(g.runs, func(v report.Validity) bool { return v.Trouble != "" }) {
		g.runs = append(g.runs, report.Validity{Of: "bench", Trouble: "failed", Why: []string{err.Error()}})
	}
}

func (g *gate) writeJUnit() error {
	if g.junit == "" {
		return nil
	}
	var out bytes.Buffer
	err := report.JUnit(&out, g.runs, g.outcomes)
	if err == nil {
		err = sys.WriteFile(g.junit, out.Bytes())
	}
	if err != nil {
		return fmt.Errorf("--junit: %w", err)
	}
	return nil
}
