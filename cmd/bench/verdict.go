package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/scratch"
	"crosstalk/internal/store"
	"crosstalk/internal/verdict"
)

type verdictCommand struct {
	settings *settings
	out      string
	gate     *gate
}

func newVerdict() *cobra.Command {
	c := &verdictCommand{}
	cmd := &cobra.Command{
		Use:   "verdict [EXPERIMENT.yaml]",
		Short: "Hold what people say of each style against figures: holds, does not hold, or depends",
		Long: `Verdict runs what is needed to decide the claims that are made for and against
each style, and prints each of them with its ruling and the figure that decides it.
It takes about three minutes, and starts processes, which it kills. The settings are
those of run; what a claim needs is set over them. A threshold bounds a figure of each
run that it carries out.

Exit codes are those of run.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, fileOf(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&c.out, "out", "results", "folder for the results")
	c.gate = addGate(flags)
	c.settings = addSettings(flags, shorter())
	return cmd
}

func (c *verdictCommand) run(cmd *cobra.Command, path string) error {
	base, err := c.settings.experiment(path)
	if err != nil {
		return err
	}
	experiments, err := verdict.Experiments(base)
	if err != nil {
		return usageError(err)
	}
	for _, x := range experiments {
		if err := valid(x.Experiment); err != nil {
			return usageError(fmt.Errorf("the experiment %q of the verdict: %w", x.Name, err))
		}
	}
	if err := c.gate.read(scenariosOf(experiments), false); err != nil {
		return err
	}
	session, err := newSession(c.out)
	if err != nil {
		return err
	}
	evidence, runs, err := c.gather(cmd, experiments, verdict.Databases(base), session.Dir())
	if err != nil || cmd.Context().Err() != nil {
		return errors.Join(stopped(cmd, err), session.Remove())
	}
	if evidence.Web, err = verdict.Webs(cmd.Context(), base); err != nil {
		return stopped(cmd, err)
	}
	out := cmd.OutOrStdout()
	if err := report.Verdicts(out, verdict.Decide(evidence)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nresults: %s (a folder per experiment and scenario)\n", session.Dir())
	return c.gate.end(out, errors.Join(err, worst(runs, nil)))
}

// scenariosOf are those that any of the experiments runs.
func scenariosOf(experiments []verdict.Named) []string {
	var out []string
	for _, x := range experiments {
		out = append(out, x.Experiment.Scenario...)
	}
	return unique(out)
}

// gather carries out the experiments, and measures the databases.
func (c *verdictCommand) gather(cmd *cobra.Command, experiments []verdict.Named, databases []store.Spec, dir string) (e verdict.Evidence, all []result.Run, err error) {
	view := newView(cmd.ErrOrStderr())
	e.Runs = make(map[string]map[string]result.Run)
	for n, x := range experiments {
		view.step("experiment %q (%d of %d)", x.Name, n+1, len(experiments))
		runs := make([]*result.Loaded, len(x.Experiment.Scenario))
		group, ctx := errgroup.WithContext(cmd.Context())
		if !x.Together {
			group.SetLimit(1)
		}
		for i, scenario := range x.Experiment.Scenario {
			group.Go(func() error {
				options := runOptions(nil)
				options.Predicting = view.predicting
				options.Shared = x.Together
				var err error
				runs[i], err = carryOut(ctx, x.Experiment, scenario, filepath.Join(dir, x.Name), options)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return e, nil, err
		}
		e.Runs[x.Name] = make(map[string]result.Run)
		for _, r := range runs {
			e.Runs[x.Name][r.Scenario] = r.Run
			all = append(all, r.Run)
			c.gate.run(r.Scenario+" at "+x.Name, r)
		}
	}
	view.step("databases")
	data, err := scratch.New()
	if err != nil {
		return e, nil, err
	}
	defer data.Remove()
	place := store.Place{Dir: data.Path(), Run: fmt.Sprintf("crosstalk-verdict-%d-%d", time.Now().UnixMilli(), os.Getpid())}
	e.Stores, err = verdict.Stores(cmd.Context(), databases, place)
	return e, all, err
}
