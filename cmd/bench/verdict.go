package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"crosstalk/internal/experiment"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/store"
	"crosstalk/internal/sys"
	"crosstalk/internal/verdict"
)

type verdictCommand struct{ *suite }

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
	c.suite = addSuite(flags, shorter())
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
	evidence := verdict.Evidence{Runs: make(map[string]map[string]result.Run)}
	return c.carryOut(cmd, plan{
		ask: base, batches: batchesOf(experiments, &evidence), whole: true, to: cmd.OutOrStdout(),
		show: func(dir string, runs []done) error { return endOf(cmd, runs, c.show(cmd, base, evidence, dir)) },
	})
}

// batchesOf are the experiments. Each run becomes a part of the evidence.
func batchesOf(experiments []verdict.Named, e *verdict.Evidence) (out []batch) {
	for n, x := range experiments {
		b := batch{step: fmt.Sprintf("experiment %q (%d of %d)", x.Name, n+1, len(experiments)), atOnce: x.Together}
		e.Runs[x.Name] = make(map[string]result.Run)
		for _, scenario := range x.Experiment.Scenario {
			b.jobs = append(b.jobs, job{
				experiment: x.Experiment, scenario: scenario, folder: x.Name, label: scenario + " at " + x.Name,
				add: func(run *result.Loaded) { e.Runs[x.Name][scenario] = run.Run },
			})
		}
		out = append(out, b)
	}
	return out
}

// show measures the databases and what theory alone decides, and prints the rulings.
func (c *verdictCommand) show(cmd *cobra.Command, base *experiment.Experiment, e verdict.Evidence, dir string) (err error) {
	newView(cmd.ErrOrStderr()).step("databases")
	if e.Stores, err = databases(cmd.Context(), verdict.Databases(base)); err != nil {
		return err
	}
	if e.Web, err = verdict.Webs(cmd.Context(), base); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if err := report.Verdicts(out, verdict.Decide(e)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nresults: %s (a folder per experiment and scenario)\n", dir)
	return err
}

// databases measures what each kind takes.
func databases(ctx context.Context, kinds []store.Spec) ([]verdict.Store, error) {
	data, err := sys.NewScratch()
	if err != nil {
		return nil, err
	}
	defer data.Remove()
	place := store.Place{Dir: data.Path(), Run: fmt.Sprintf("crosstalk-verdict-%d-%d", time.Now().UnixMilli(), os.Getpid())}
	return verdict.Stores(ctx, kinds, place)
}
