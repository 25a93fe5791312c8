package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/scenarios"
)

// suite is what all commands have in common that carry out runs: their flags, and the one
// way from runs to files and an exit code. A command says which runs, and what is made of
// them.
type suite struct {
	settings *settings
	out      string
	metrics  string
	gate     *gate
}

func addSuite(flags *pflag.FlagSet, base experiment.Experiment) *suite {
	s := &suite{}
	flags.StringVar(&s.out, "out", "results", "folder for the results")
	addMetrics(flags, &s.metrics)
	s.gate = addGate(flags)
	s.settings = addSettings(flags, base)
	return s
}

// plan is what a command does with its runs.
type plan struct {
	// ask is what is asked of all runs together: its scenarios, and the bus that they need.
	ask     *experiment.Experiment
	batches []batch
	// options sets what this command's runs have of their own; nil is nothing. All that is
	// said on a terminal goes through the one view, which knows what stands on its line.
	options func(o *runner.Options, v *view)
	// counts tells whether a run counts that was interrupted: one that does not is neither
	// shown nor held against a threshold. nil counts all.
	counts func(r *result.Run) bool
	// whole has nothing shown unless every run is complete.
	whole bool
	// keep has the histograms kept for show, 1.5 MB a run.
	keep bool
	// show prints the tables and writes what goes into the command's folder.
	show func(dir string, runs []done) error
	// to is where the thresholds' outcomes go.
	to io.Writer
}

// batch is runs one after the other, or all at the same time: then no figure of their cost
// is taken.
type batch struct {
	step   string // what is said of it; empty is that each run is told of by itself
	atOnce bool
	jobs   []job
}

// job is one run.
type job struct {
	experiment *experiment.Experiment
	scenario   string
	folder     string // below the command's own; empty is that one
	label      string // what thresholds call it; empty is its scenario
	// add takes the run in, once it was read back; nil is nothing.
	add func(run *result.Loaded)
}

// done is a job that was carried out: its run, and what was read back of its folder, where
// that is whole and kept.
type done struct {
	job
	run    *result.Run
	loaded *result.Loaded
}

// carryOut carries out a plan. Its experiments are valid.
func (s *suite) carryOut(cmd *cobra.Command, p plan) (err error) {
	if err := s.gate.read(scenariosOf(p.batches), false); err != nil {
		return err
	}
	shown, err := serveMetrics(s.metrics, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer shown.close(&err)
	session, err := newSession(s.out)
	if err != nil {
		return err
	}
	view := newView(cmd.ErrOrStderr())
	options := runOptions()
	options.Predicting = view.predicting
	options.Metrics, options.Scraped = shown.metrics, targets(session.Dir(), cmd.ErrOrStderr())
	if p.options != nil {
		p.options(&options, view)
	}
	var runs []done
	if options.Attach == 0 { // else the one that prepares the nodes has asked
		err = runner.Probe(cmd.Context(), p.ask.Scenario, p.ask, options)
	}
	if err == nil {
		runs, err = s.all(cmd.Context(), p, session.Dir(), options, view)
	}
	if len(runs) == 0 || p.whole && (err != nil || cmd.Context().Err() != nil) {
		return errors.Join(endOf(cmd, nil, err), session.Remove())
	}
	end := errors.Join(p.show(session.Dir(), runs), endOf(cmd, runs, err))
	return s.gate.end(p.to, end)
}

// all carries out the batches. The run with which a command ends early is the last.
func (s *suite) all(ctx context.Context, p plan, dir string, o runner.Options, v *view) (runs []done, err error) {
	for _, b := range p.batches {
		if ctx.Err() != nil {
			break
		}
		if b.step != "" {
			v.step("%s", b.step)
		}
		batch, err := b.carryOut(ctx, dir, o, v)
		for _, d := range batch {
			if p.counts != nil && !p.counts(d.run) {
				continue
			}
			if d.loaded != nil {
				s.gate.run(d.name(), d.loaded)
				if d.add != nil {
					d.add(d.loaded)
				}
			}
			if !p.keep {
				d.loaded = nil
			}
			runs = append(runs, d)
		}
		if err != nil {
			return runs, err
		}
	}
	return runs, nil
}

// carryOut returns the runs that there are, also of a batch that fails.
func (b batch) carryOut(ctx context.Context, dir string, o runner.Options, v *view) ([]done, error) {
	all := make([]done, len(b.jobs))
	o.Shared = b.atOnce
	group, ctx := errgroup.WithContext(ctx)
	if !b.atOnce {
		group.SetLimit(1)
	}
	for i, j := range b.jobs {
		group.Go(func() (err error) {
			if ctx.Err() != nil {
				return nil
			}
			if b.step == "" {
				v.started(j.scenario, j.experiment)
			}
			all[i], err = j.carryOut(ctx, dir, o)
			if run := all[i].run; run != nil && b.step == "" {
				v.ended(run)
			}
			return err
		})
	}
	err := group.Wait()
	var there []done
	for _, d := range all {
		if d.run != nil {
			there = append(there, d)
		}
	}
	return there, err
}

// carryOut carries out the run, and reads it back: what is concluded from it stands in its
// folder.
func (j job) carryOut(ctx context.Context, dir string, o runner.Options) (done, error) {
	if j.folder != "" {
		o.Name = filepath.ToSlash(filepath.Join(filepath.Base(dir), j.folder))
	}
	s, _ := scenarios.ByName(j.scenario) // the experiment is valid
	parent := filepath.Join(dir, j.folder)
	run, err := runner.Run(ctx, s, j.experiment, parent, o)
	d := done{job: j, run: run}
	if run == nil {
		return d, err
	}
	loaded, unread := result.Load(filepath.Join(parent, j.scenario))
	if unread != nil {
		return d, errors.Join(err, fmt.Errorf("read the run back: %w", unread))
	}
	d.loaded = loaded
	return d, err
}

// name is what thresholds call the job.
func (j job) name() string {
	if j.label == "" {
		return j.scenario
	}
	return j.label
}

// scenariosOf are those that any job has.
func scenariosOf(batches []batch) []string {
	var names []string
	for _, b := range batches {
		for _, j := range b.jobs {
			names = append(names, j.scenario)
		}
	}
	return unique(names)
}

// oneByOne is a batch of each scenario of an experiment, in the command's own folder.
func oneByOne(e *experiment.Experiment) []batch {
	var out []batch
	for _, scenario := range e.Scenario {
		out = append(out, batch{jobs: []job{{experiment: e, scenario: scenario}}})
	}
	return out
}

// runsOf are the figures of all runs.
func runsOf(all []done) []result.Run {
	out := make([]result.Run, len(all))
	for i, d := range all {
		out[i] = *d.run
	}
	return out
}

// loadedOf are the runs whose folders could be read back.
func loadedOf(all []done) []*result.Loaded {
	var out []*result.Loaded
	for _, d := range all {
		if d.loaded != nil {
			out = append(out, d.loaded)
		}
	}
	return out
}

// endOf turns what happened into the command's end.
func endOf(cmd *cobra.Command, runs []done, err error) error {
	if cmd.Context().Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		what := "interrupted; what was measured until then is written"
		if len(runs) == 0 {
			what = "interrupted before anything was measured"
		}
		return &ended{exitInterrupted, errors.New(what)}
	}
	if err != nil {
		return err
	}
	for _, d := range runs {
		if d.run.Verdict == result.Invalid {
			return &ended{exitInvalid, fmt.Errorf("INVALID: in %s the instrument was the limit: %s", d.scenario, d.run.Warnings[0])}
		}
	}
	return nil
}
