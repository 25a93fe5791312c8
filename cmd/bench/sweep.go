package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"crosstalk/internal/experiment"
	"crosstalk/internal/metric"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/internal/setting"
	"crosstalk/internal/sweep"
)

type sweepCommand struct {
	settings *settings
	out      string
	vary     []string
	repeat   int
	by       string
	metrics  string
	gate     *gate
}

// shorter is the default experiment of commands that do many runs.
func shorter() experiment.Experiment {
	e := experiment.Default()
	e.Duration, e.WarmUp = setting.Duration(5*time.Second), setting.Duration(time.Second)
	return e
}

func newSweep() *cobra.Command {
	c := &sweepCommand{}
	cmd := &cobra.Command{
		Use:   "sweep --vary=SETTING=VALUE,VALUE,... [EXPERIMENT.yaml]",
		Short: "Run every scenario at every value of a setting, and say where one starts to beat another",
		Long: `Sweep runs the experiment in each scenario at each value of a setting, with the
same seed, and prints measured beside predicted. Two --vary make a grid. Values
that hold commas are put apart by semicolons. Besides the settings there are
upstreams and depth, which make the graph a tree: so many upstreams for D and each
service below it, so many levels.

It writes sweep.csv, propagation.png and a folder per run. Under the table stands
from which value on one scenario beats another on the metric of --by, beyond the
95 % intervals of both.

Exit codes are those of run.`,
		Example: `  bench sweep --vary=fail-rate=0,0.01,0.02,0.05,0.1,0.2,0.5
  bench sweep --vary=rate=100,500,1000 --by=latency.p50 --scenario=sync,async-request
  bench sweep --vary=rate=50,100,200,400,800 --by=throughput --latency=none,D=20ms --workers=D=4,queue=8
  bench sweep --vary=upstreams=1,4,16 --fail-rate=0.01
  bench sweep --vary=fail-rate=0,0.1 --vary='policy=none;retry=2' --repeat=3`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, fileOf(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&c.vary, "vary", nil, "a setting and its values: fail-rate=0,0.01,0.1; repeatable")
	flags.IntVar(&c.repeat, "repeat", 1, "runs of each scenario at each point")
	flags.StringVar(&c.by, "by", "latency.p99", "metric that decides which scenario is better: "+metric.Known)
	flags.StringVar(&c.out, "out", "results", "folder for the results")
	addMetrics(flags, &c.metrics)
	c.gate = addGate(flags)
	c.settings = addSettings(flags, shorter())
	return cmd
}

func (c *sweepCommand) run(cmd *cobra.Command, path string) (err error) {
	e, err := c.settings.experiment(path)
	if err != nil {
		return err
	}
	by, err := metric.ByName(c.by)
	if err != nil {
		return usageError(fmt.Errorf("--by: %w", err))
	}
	vary, points, err := c.points(e)
	if err != nil {
		return usageError(err)
	}
	if err := c.gate.read(e.Scenario, false); err != nil {
		return err
	}
	shown, err := serveMetrics(c.metrics, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer shown.close(&err)
	session, err := newSession(c.out)
	if err != nil {
		return err
	}
	s := report.Sweep{Vary: vary, By: by, Scenarios: e.Scenario, Points: points}
	if err := runner.Probe(cmd.Context(), e.Scenario, e, runOptions(nil)); err != nil {
		return errors.Join(stopped(cmd, err), session.Remove())
	}
	options := runOptions(nil)
	options.Predicting = newView(cmd.ErrOrStderr()).predicting
	options.Metrics, options.Scraped = shown.metrics, targets(session.Dir(), cmd.ErrOrStderr())
	err = c.measure(cmd, &s, session.Dir(), options)
	if len(s.Rows) == 0 {
		return errors.Join(stopped(cmd, err), session.Remove())
	}
	end := errors.Join(c.show(cmd, s, session.Dir()), stopped(cmd, err), worst(s.Runs(), nil))
	return c.gate.end(cmd.OutOrStdout(), end)
}

func (c *sweepCommand) points(e *experiment.Experiment) ([]sweep.Vary, []sweep.Point, error) {
	if len(c.vary) == 0 {
		return nil, nil, errors.New("--vary: name a setting and its values, such as --vary=fail-rate=0,0.01,0.1")
	}
	if c.repeat < 1 {
		return nil, nil, fmt.Errorf("--repeat: %d is not at least 1", c.repeat)
	}
	var vary []sweep.Vary
	for _, text := range c.vary {
		var v sweep.Vary
		if err := v.UnmarshalText([]byte(text)); err != nil {
			return nil, nil, fmt.Errorf("--vary: %w", err)
		}
		vary = append(vary, v)
	}
	points, err := sweep.Points(e, vary, valid)
	if err != nil {
		return nil, nil, fmt.Errorf("--vary: %w", err)
	}
	return vary, points, nil
}

// measure runs every scenario at every point, and again as often as asked.
func (c *sweepCommand) measure(cmd *cobra.Command, s *report.Sweep, dir string, options runner.Options) error {
	view := newView(cmd.ErrOrStderr())
	for n, p := range s.Points {
		for _, scenario := range s.Scenarios {
			for repeat := range c.repeat {
				name := p.Name(s.Vary)
				view.step("%s, %s (%d of %d)", name, scenario, n+1, len(s.Points))
				if c.repeat > 1 {
					name = filepath.Join(name, fmt.Sprint(repeat+1))
				}
				options.Name = filepath.ToSlash(filepath.Join(filepath.Base(dir), name))
				run, err := carryOut(cmd.Context(), p.Experiment, scenario, filepath.Join(dir, name), options)
				if err != nil {
					return err
				}
				if run.Verdict == result.Interrupted || run.Predicted == nil { // nor was theory through
					return cmd.Context().Err()
				}
				s.Add(n, scenario, repeat, filepath.Join(name, scenario), run)
				c.gate.run(scenario+" at "+name, run)
			}
		}
	}
	return nil
}

func (c *sweepCommand) show(cmd *cobra.Command, s report.Sweep, dir string) error {
	out := cmd.OutOrStdout()
	if err := report.Text(out, s.Table()); err != nil {
		return err
	}
	if err := s.CSV(filepath.Join(dir, "sweep.csv")); err != nil {
		return err
	}
	if err := s.Save(dir); err != nil {
		return err
	}
	if err := s.Propagation().Save(filepath.Join(dir, "propagation.png")); err != nil {
		return err
	}
	if err := writePage(dir); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nresults: %s (report.html, propagation.png, sweep.csv; a folder per point and scenario)\n", dir)
	return err
}
