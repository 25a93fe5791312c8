// Command bench measures what one service feels of another: the same load, data
// and faults over the same services, wired in different ways, side by side.
//
// Its law: what it prints on stdout is results, what it says meanwhile goes to
// stderr, and each way to end has its own exit code.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run in good order, a second one at once.
	context.AfterFunc(ctx, stop)
	os.Exit(exec(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInvalid     = 3
	exitThreshold   = 99 // as k6
	exitInterrupted = 130
)

// ended is an error that has an exit code of its own.
type ended struct {
	code int
	err  error
}

func (e *ended) Error() string { return e.err.Error() }
func (e *ended) Unwrap() error { return e.err }

func usageError(err error) error { return &ended{exitUsage, err} }

// exec runs the program and returns its exit code.
func exec(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	// One line, also where several things went wrong at once.
	fmt.Fprintln(stderr, "bench:", strings.ReplaceAll(err.Error(), "\n", "; "))
	var e *ended
	if errors.As(err, &e) {
		return e.code
	}
	return exitFailed
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "bench",
		Short:         "Measure what one service feels of another, wired by calls, by a bus, or by its own copy",
		Args:          noSuchCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(suggestFlag(cmd, err)) })
	root.AddCommand(newRun(), newSweep(), newMatrix(), newReport(), newPredict(), newVerdict(), newCompare(), newMerge())
	asUsage(root)
	complete(root)
	return root
}

// asUsage has each command's complaint about its arguments end as bad usage.
func asUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError(err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		asUsage(sub)
	}
}
