package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"crosstalk/internal/experiment"
	"crosstalk/internal/impact"
	"crosstalk/internal/matrix"
	"crosstalk/internal/predict"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/setting"
)

type matrixCommand struct {
	*suite
	plan matrix.Plan
}

// matrixDefaults shows the differences at a load that leaves this machine time
// for all scenarios at once.
func matrixDefaults() experiment.Experiment {
	e := experiment.Default()
	for name, text := range map[string]string{
		"rate": "100/s", "write-rate": "60/s", "keys": "20", "warmup": "1s", "timeout": "500ms", "latency": "lognormal(5ms,20ms)",
	} {
		if err := e.Set(name, text); err != nil {
			panic(err)
		}
	}
	return e
}

func newMatrix() *cobra.Command {
	c := &matrixCommand{plan: matrix.DefaultPlan()}
	cmd := &cobra.Command{
		Use:   "matrix [EXPERIMENT.yaml]",
		Short: "Let every component suffer every fault that fits it, in every scenario: one picture",
		Long: `Matrix runs every scenario once. In that run each component of the graph, each
upstream, the bus and D's database, suffers each fault that fits it, one after the
other, with a rest behind each. For every one it tells what D's callers felt of it:
errors, slower or older answers, when that was over, and when D had caught up.

It writes matrix.png and a folder per scenario, whose run.json has an impact for
each fault. The length of the run follows from the faults. All scenarios run at the
same time, so no figure of their cost is taken. A threshold bounds a figure of a
scenario's whole run, with all of its faults.

Exit codes are those of run.`,
		Example: `  bench matrix
  bench matrix --threshold='errors<90%' --junit=thresholds.xml
  bench matrix --scenario=sync,async-replicated --policy='timeout=50ms retry=2'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, fileOf(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.DurationVar(&c.plan.Length, "fault-length", c.plan.Length, "for how long each fault acts")
	flags.DurationVar(&c.plan.Rest, "rest", c.plan.Rest, "how long it is waited behind each fault")
	c.suite = addSuite(flags, matrixDefaults())
	return cmd
}

func (c *matrixCommand) run(cmd *cobra.Command, path string) (err error) {
	base, err := c.settings.experiment(path)
	if err != nil {
		return err
	}
	for name, length := range map[string]time.Duration{"fault-length": c.plan.Length, "rest": c.plan.Rest} {
		if length < 100*time.Millisecond {
			return usageError(fmt.Errorf("--%s: %v is not at least 100ms", name, length))
		}
	}
	rows, err := c.plan.Rows(base)
	if err != nil {
		return err
	}
	e := c.plan.Experiment(base, rows)
	if err := valid(e); err != nil {
		return usageError(err)
	}
	together := batch{
		step:   fmt.Sprintf("%d scenarios at the same time, for %v", len(e.Scenario), setting.Duration(time.Duration(e.Duration)+time.Duration(e.WarmUp))),
		atOnce: true,
	}
	for _, scenario := range e.Scenario {
		together.jobs = append(together.jobs, job{experiment: e, scenario: scenario})
	}
	return c.carryOut(cmd, plan{
		ask: e, batches: []batch{together}, whole: true, to: cmd.OutOrStdout(),
		show: func(dir string, runs []done) error { return endOf(cmd, runs, c.show(cmd, e, rows, runsOf(runs), dir)) },
	})
}

func (c *matrixCommand) show(cmd *cobra.Command, e *experiment.Experiment, rows []matrix.Row, runs []result.Run, dir string) error {
	m := report.Matrix{
		Rows: rows, Scenarios: e.Scenario, Measured: make(map[string][]matrix.Cell), Predicted: make(map[string][]matrix.Cell),
		Note: fmt.Sprintf("%v, work %s, each fault for %v; errors, p99 and age are those of the requests due while it acted",
			e.Rate, e.Text("latency"), setting.Duration(c.plan.Length)),
	}
	for _, r := range runs {
		m.Measured[r.Scenario] = matrix.Cells(rows, &r)
		predicted, err := predictedRun(cmd.Context(), e, r, predict.Options{Progress: newView(cmd.ErrOrStderr()).predicting(r.Scenario)})
		if err != nil {
			return err
		}
		m.Predicted[r.Scenario] = matrix.Cells(rows, predicted)
	}
	if err := m.Save(dir); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if err := report.Text(out, m.Table()); err != nil {
		return err
	}
	for _, line := range append(m.Gaps(), report.Comparisons(runs, func(run int) string { return runs[run].Scenario })...) {
		fmt.Fprintln(out, line)
	}
	if err := m.Picture().Save(filepath.Join(dir, "matrix.png")); err != nil {
		return err
	}
	if err := writePage(dir); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nresults: %s (report.html, matrix.png; a folder per scenario)\n", dir)
	return err
}

// predictedRun is the run with the impacts that theory expects: those of the same
// requests in virtual time. The error is that of ctx, if it ends before.
func predictedRun(ctx context.Context, e *experiment.Experiment, measured result.Run, o predict.Options) (*result.Run, error) {
	tracker := impact.New(e.Faults())
	o.Each = func(r predict.Row) {
		row := result.Row{ID: r.ID, Due: r.Due, Sent: r.Sent, Done: r.Done, Code: r.Code, Judgement: result.Correct}
		if r.Stale {
			row.Judgement, row.Staleness = result.Stale, r.Age
		}
		tracker.Add(row)
	}
	if _, err := predict.Simulate(ctx, e, measured.Scenario, o); err != nil {
		return nil, err
	}
	measured.Impacts = tracker.Impacts(0, false)
	return &measured, nil
}
