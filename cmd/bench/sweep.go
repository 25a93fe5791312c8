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
	"crosstalk/internal/setting"
	"crosstalk/internal/sweep"
)

type sweepCommand struct {
	*suite
	vary   []string
	repeat int
	by     string
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
	c.suite = addSuite(flags, shorter())
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
	s := report.Sweep{Vary: vary, By: by, Scenarios: e.Scenario, Points: points}
	return c.carryOut(cmd, plan{
		ask: e, batches: c.batches(&s), to: cmd.OutOrStdout(),
		counts: func(r *result.Run) bool { return r.Verdict != result.Interrupted && r.Predicted != nil }, // theory was through
		show:   func(dir string, _ []done) error { return c.show(cmd, s, dir) },
	})
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

// batches are every scenario at every point, as often as asked. Each run becomes a row of s.
func (c *sweepCommand) batches(s *report.Sweep) (out []batch) {
	for n, p := range s.Points {
		for _, scenario := range s.Scenarios {
			for repeat := range c.repeat {
				at := p.Name(s.Vary)
				folder := at
				if c.repeat > 1 {
					folder = filepath.Join(at, fmt.Sprint(repeat+1))
				}
				out = append(out, batch{
					step: fmt.Sprintf("%s, %s (%d of %d)", at, scenario, n+1, len(s.Points)),
					jobs: []job{{
						experiment: p.Experiment, scenario: scenario, folder: folder, label: scenario + " at " + folder,
						add: func(run *result.Loaded) { s.Add(n, scenario, repeat, filepath.Join(folder, scenario), run) },
					}},
				})
			}
		}
	}
	return out
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
