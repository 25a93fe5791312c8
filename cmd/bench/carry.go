package main

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/clock"
	"crosstalk/internal/doctor"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/runner"
	"crosstalk/scenarios"
)

// machine is examined once by this process, by its first run, however many it does.
var machine doctor.Brief

// runOptions is how runs are carried out for real: on this machine's network,
// with precise waits.
func runOptions() runner.Options {
	return runner.Options{
		Env:   fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext, Sleep: clock.Precise},
		Pacer: load.Precise, Examine: machine.Instrument,
	}
}

// newSession makes the folder of one command's runs.
func newSession(out string) (*result.Folder, error) {
	if out == "" {
		return nil, usageError(errors.New("--out: it has no value: name a folder"))
	}
	session, err := result.Create(filepath.Join(out, time.Now().UTC().Format("20060102-150405.000")))
	if err != nil {
		return nil, usageError(fmt.Errorf("--out: %w", err))
	}
	return session, nil
}

// valid checks an experiment against the scenarios that there are.
func valid(e *experiment.Experiment) error {
	return e.Validate(scenarios.Names(), scenarios.Remote)
}

// fileOf is the experiment file among a command's arguments, or empty.
func fileOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
