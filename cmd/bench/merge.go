package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"crosstalk/internal/compare"
	"crosstalk/internal/merge"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
)

type mergeCommand struct{ out string }

func newMerge() *cobra.Command {
	c := &mergeCommand{}
	cmd := &cobra.Command{
		Use:   "merge RUN RUN... --out=DIR",
		Short: "Make one result of the load that several machines offered",
		Long: `Merge reads the folders of runs of one experiment in one scenario, and writes a run's
folder: histograms and counts add, the series are put together by the wall clock, and
shares, rates and percentiles follow from the sums. The seeds may differ, and should:
with equal ones, each machine sends the same requests. A RUN is the folder of a run,
or one with a single run below it.

It is meant for runs of the same time. Runs after one another are added up as well,
up to an hour apart; where they are repeats, compare takes them as they are, and
knows the noise between them.

Exit codes: 0 done, 1 a run cannot be read or the folder not written, 2 bad usage or
runs that do not belong together.`,
		Example: `  bench merge host1/results/20261125-090000.000/sync host2/results/20261125-090000.000/sync --out=merged/sync`,
		Args:    cobra.MinimumNArgs(2),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	cmd.Flags().StringVar(&c.out, "out", "", "folder to write, which must not exist")
	return cmd
}

func (c *mergeCommand) run(cmd *cobra.Command, args []string) error {
	if c.out == "" {
		return usageError(errors.New("--out: name the folder to write"))
	}
	var folders []string
	for _, path := range args {
		found, err := compare.Folders(path)
		if err != nil {
			return refused(err)
		}
		if len(found) > 1 {
			return usageError(fmt.Errorf("%s holds %d runs: name the folder of one, such as %s", path, len(found), found[0]))
		}
		folders = append(folders, found[0])
	}
	run, err := merge.Merge(folders, c.out)
	if err != nil {
		return refused(err)
	}
	out := cmd.OutOrStdout()
	if err := report.Summary(out, []result.Run{*run}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nresults: %s (run.json and latency.hlog)\n", c.out)
	return err
}
