package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosstalk/internal/compare"
	"crosstalk/internal/report"
	"crosstalk/internal/setting"
)

// compareFormats are the ways to print a comparison.
var compareFormats = []struct {
	name  string
	print func(io.Writer, *compare.Comparison) error
}{
	{"text", report.Compare}, {"markdown", report.CompareMarkdown}, {"benchfmt", report.Benchfmt},
}

type compareCommand struct {
	different bool
	format    string
	gate      *gate
}

func newCompare() *cobra.Command {
	c := &compareCommand{}
	cmd := &cobra.Command{
		Use:   "compare OLD NEW",
		Short: "Say what changed between runs, and whether that is more than noise",
		Long: `Compare reads the folders of runs and runs nothing. OLD and NEW are each the folder
of a run, or one that holds runs anywhere below it: what run wrote, or the --out of
several of them, which are repeats. Several folders may be put together by commas.

The table is laid out as benchstat's: the old value, the new one, the change, ~ where
it may be noise (p of 0.05 or more), p and n. Two runs with the same seed have the
same requests: they are compared request by request where both were run with
--samples, and second by second otherwise. With 4 runs or more on each side, the run
is what is compared, which alone knows the noise from run to run.

Different experiments are refused, and what differs is named; --different compares
them all the same, and one scenario with another. Different seeds, commits and
machines are no different experiments.

A --threshold bounds the figures of NEW, or, with regression. before it, a change for
the worse that is significant: in percent of OLD; of errors and stale, in percentage
points.

--format=benchfmt prints what benchstat reads: bench compare OLD NEW
--format=benchfmt | benchstat -col side -

Exit codes: 0 done, 1 a run cannot be read, 2 bad usage or different experiments,
99 a threshold was crossed or could not be decided.`,
		Example: `  bench compare results/old results/new
  bench compare results/old/20261125-090000.000/sync results/new --threshold='regression.p(99)<5%'
  bench compare run1,run2,run3,run4 run5,run6,run7,run8
  bench compare results/new/*/sync results/new/*/monolith --different`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args[0], args[1]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&c.different, "different", false, "compare also different experiments, or one scenario with another")
	flags.StringVar(&c.format, "format", "text", strings.Join(formatsOfCompare(), ", "))
	c.gate = addGate(flags)
	return cmd
}

func formatsOfCompare() []string {
	var names []string
	for _, f := range compareFormats {
		names = append(names, f.name)
	}
	return names
}

func (c *compareCommand) run(cmd *cobra.Command, old, new string) error {
	at := slices.Index(formatsOfCompare(), c.format)
	if at < 0 {
		return usageError(fmt.Errorf("--format: unknown format %q%s", c.format, orList(setting.DidYouMean(c.format, formatsOfCompare()), formatsOfCompare())))
	}
	compared, err := c.compare(old, new)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if err := compareFormats[at].print(out, compared); err != nil {
		return err
	}
	c.gate.compared(compared)
	if c.format == "benchfmt" {
		out = cmd.ErrOrStderr() // the lines are read by a program
	}
	return c.gate.end(out, nil)
}

func (c *compareCommand) compare(old, new string) (*compare.Comparison, error) {
	was, err := compare.Read(old)
	if err != nil {
		return nil, refused(err)
	}
	is, err := compare.Read(new)
	if err != nil {
		return nil, refused(err)
	}
	var given []string
	for _, r := range is.Runs {
		given = append(given, r.Scenario)
	}
	if err := c.gate.read(unique(given), true); err != nil {
		return nil, err
	}
	compared, err := compare.Sides(was, is, unique(append(slices.Clone(compare.Names), c.gate.regressions()...)), c.different)
	return compared, refused(err)
}

// refused has runs that are not there, or do not fit, end as bad usage.
func refused(err error) error {
	var does *compare.Refused
	if errors.As(err, &does) {
		return usageError(err)
	}
	return err
}

// unique returns each of some names once, in the order in which they first come.
func unique(names []string) []string {
	var out []string
	for _, name := range names {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// orList is a guess, or, where there is none, the list of what there is.
func orList(guess string, all []string) string {
	if guess != "" {
		return guess
	}
	return ": " + strings.Join(all, ", ")
}
