package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"crosstalk/internal/experiment"
	"crosstalk/internal/predict"
	"crosstalk/internal/report"
	"crosstalk/internal/theory"
)

type predictCommand struct {
	settings *settings
	json     bool
	simulate bool
}

func newPredict() *cobra.Command {
	c := &predictCommand{}
	cmd := &cobra.Command{
		Use:   "predict [EXPERIMENT.yaml]",
		Short: "Say what theory expects of an experiment, without any load",
		Long: `Predict takes the settings of run and starts nothing. Where requests do not meet
each other it calculates with distributions: 1 − Π(1 − pᵢ) for errors, the product
of the distributions for calls at the same time, their convolution for calls one
after the other. Where they do, in queues, breakers, hedges and windows of faults,
it carries the experiment out in virtual time, with the same requests and the same
faults as run.

What it leaves out is the wiring: calls, events and databases take no time. The
rate may be one that no machine here could send, the graph one that it could not run.`,
		Example: `  bench predict
  bench predict --fail-rate=0.05 --policy='retry=2'
  bench predict --rate=1000000/s --workers=A=6000,queue=10000
  bench predict experiments/retry-storm.yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, fileOf(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&c.simulate, "simulate", false, "simulate also where there is a closed form")
	flags.BoolVar(&c.json, "json", false, "print a JSON line per scenario instead of the table")
	c.settings = addSettings(flags, experiment.Default())
	return cmd
}

func (c *predictCommand) run(cmd *cobra.Command, path string) error {
	e, err := c.settings.experiment(path)
	if err != nil {
		return err
	}
	of := predict.Of
	if c.simulate {
		of = predict.Simulate
	}
	view := newView(cmd.ErrOrStderr())
	out := cmd.OutOrStdout()
	began := time.Now()
	var all []theory.Prediction
	for _, scenario := range e.Scenario {
		p, err := of(cmd.Context(), e, scenario, predict.Options{Progress: view.predicting(scenario)})
		view.clear()
		if unknown := predict.Unsupported(""); errors.As(err, &unknown) {
			return err
		}
		if err != nil {
			return &ended{exitInterrupted, errors.New("interrupted: nothing is predicted for " + scenario)}
		}
		if c.json {
			if err := json.NewEncoder(out).Encode(p); err != nil {
				return err
			}
		}
		all = append(all, p)
	}
	if c.json {
		return nil
	}
	if err := report.Text(out, report.Predictions(all)...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\npredicted in %v\n", time.Since(began).Round(time.Millisecond))
	return err
}
