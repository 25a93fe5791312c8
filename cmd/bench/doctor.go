package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crosstalk/internal/doctor"
	"crosstalk/internal/sys"
)

// How long the doctor takes.
const (
	examination      = time.Minute
	shortExamination = 6 * time.Second
)

type doctorCommand struct {
	short bool
	json  bool
}

func newDoctor() *cobra.Command {
	c := &doctorCommand{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Measure the instrument on this machine, and say what it can be trusted with",
		Long: `Doctor takes a minute to measure bench itself, with what a run uses: how late it
sends at several rates, how far a service's delay overshoots, how long an empty gRPC
call takes, a request over the embedded broker and a look-up in each database, how
much it can send at all, and how much of the CPU is used by others or stolen.

Then it says what that means: the smallest difference of latency that two runs can
tell from chance on this machine, and the highest rate that can be trusted.`,
		Example: `  bench doctor
  bench doctor --short --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&c.short, "short", false, "take 6 s, for a rough answer")
	flags.BoolVar(&c.json, "json", false, "print JSON instead of tables")
	return cmd
}

func (c *doctorCommand) run(cmd *cobra.Command) (err error) {
	dir, err := sys.NewScratch()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	budget := examination
	if c.short {
		budget = shortExamination
	}
	report, err := doctor.Examine(cmd.Context(), budget, dir.Path())
	if cmd.Context().Err() != nil {
		return &ended{exitInterrupted, errors.New("interrupted before it was examined")}
	}
	if err != nil {
		return fmt.Errorf("examine this machine: %w", err)
	}
	if c.json {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
	}
	return report.Print(cmd.OutOrStdout())
}
