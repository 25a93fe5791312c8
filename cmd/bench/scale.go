package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"crosstalk/internal/experiment"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/scale"
	"crosstalk/internal/setting"
)

type scaleCommand struct {
	*suite
	options scale.Options
	repeat  int
}

func newScale() *cobra.Command {
	c := &scaleCommand{}
	cmd := &cobra.Command{
		Use:   "scale [EXPERIMENT.yaml]",
		Short: "Say how cost grows: with the rate, upstreams, depth, payload, keys, partitions and replicas",
		Long: `Scale runs each scenario along several axes: on each one thing varies and all else is
held equal. It takes the CPU time of the driver and all services, by the request (by the
second, where the rate varies), fits y = a·n^b, and says of each scenario how the cost
grows: hardly, linearly, more or less than that.

It writes scale.png, scale.json and a folder per run. It takes about five minutes; with
--short, one. The load is a closed loop of a few requests at a time, without work in the
services, so that the cost is that of the wiring; CPU time is disturbed by other load on
the machine far less than p50, which stands beside it.

Exit codes are those of run.`,
		Example: `  bench scale --short
  bench scale --axis=keys-bbolt --most-keys=1000000
  bench scale --axis=upstreams,depth --repeat=3 --scenario=sync,async-request`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, fileOf(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&c.options.Only, "axis", nil, "axes, several by commas; all of them by default: "+strings.Join(scale.Names(), ", "))
	flags.IntVar(&c.options.MostKeys, "most-keys", 100_000, "how far the axes of keys go, in powers of ten; filling the databases takes long")
	flags.IntVar(&c.repeat, "repeat", 2, "runs of each scenario at each point, as far apart as can be")
	flags.BoolVar(&c.options.Short, "short", false, "three values an axis, 200 ms each, once")
	c.suite = addSuite(flags, scale.Defaults(experiment.Default()))
	return cmd
}

func (c *scaleCommand) run(cmd *cobra.Command, path string) error {
	e, err := c.settings.experiment(path)
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return usageError(err)
	}
	if c.options.Short {
		c.repeat = 1
		e.Duration, e.WarmUp = setting.Duration(200*time.Millisecond), setting.Duration(50*time.Millisecond)
	}
	s := report.Scale{}
	if s.Axes, err = scale.Axes(e, c.options, valid); err != nil {
		return usageError(err)
	}
	if len(s.Axes) == 0 {
		return usageError(errors.New("--axis: none of them says anything of these scenarios"))
	}
	return c.carryOut(cmd, plan{
		ask: e, batches: c.batches(&s), to: cmd.OutOrStdout(),
		counts: func(r *result.Run) bool { return r.Verdict != result.Interrupted },
		show:   func(dir string, runs []done) error { return c.show(cmd, s, runsOf(runs), dir) },
	})
}

func (c *scaleCommand) check() error {
	for _, name := range c.options.Only {
		if !slices.Contains(scale.Names(), name) {
			return fmt.Errorf("--axis: there is no axis %q: %s", name, strings.Join(scale.Names(), ", "))
		}
	}
	if c.repeat < 1 {
		return fmt.Errorf("--repeat: %d is not at least 1", c.repeat)
	}
	if c.options.MostKeys < 1000 {
		return fmt.Errorf("--most-keys: %d is not at least 1000", c.options.MostKeys)
	}
	return nil
}

// batches are all runs once, and then again as often as is asked: what disturbs the machine
// for a while then does not disturb all repeats of a point. Each run becomes a figure of s.
func (c *scaleCommand) batches(s *report.Scale) (out []batch) {
	for repeat := range c.repeat {
		for n, a := range s.Axes {
			for k, p := range a.Points {
				for _, scenario := range a.Scenarios {
					out = append(out, batch{
						step: fmt.Sprintf("%s, %s, %s (axis %d of %d, %d of %d times)", a.Name, p.Values[0], scenario, n+1, len(s.Axes), repeat+1, c.repeat),
						jobs: []job{{
							experiment: p.Experiment, scenario: scenario, folder: filepath.Join(a.Name, p.Values[0], fmt.Sprint(repeat+1)),
							label: fmt.Sprintf("%s at %s %s", scenario, a.Name, p.Values[0]),
							add:   func(run *result.Loaded) { s.Add(n, k, scenario, repeat, &run.Run) },
						}},
					})
				}
			}
		}
	}
	return out
}

func (c *scaleCommand) show(cmd *cobra.Command, s report.Scale, runs []result.Run, dir string) error {
	out := cmd.OutOrStdout()
	if err := report.Text(out, s.Table()); err != nil {
		return err
	}
	for _, line := range report.Comparisons(runs, s.NameOf) {
		fmt.Fprintln(out, line)
	}
	if err := s.Save(dir); err != nil {
		return err
	}
	if err := s.Picture().Save(filepath.Join(dir, "scale.png")); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nresults: %s (scale.png, scale.json; a folder per axis, value, repeat and scenario)\n", dir)
	return err
}
