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
	"regexp"

	"github.com/spf13/cobra"

	"crosstalk/internal/sys"
)

func main() {
	sys.KeepHeadroom()
	ctx := untilSignalled(os.Stderr)
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
	out := &output{w: stdout}
	root := newRoot(out, stderr)
	root.SetArgs(args)
	err := out.ended(root.ExecuteContext(ctx))
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "bench:", masked(inOneLine(err)))
	var e *ended
	if errors.As(err, &e) {
		return e.code
	}
	return exitFailed
}

// What a URL may have of a password: before its host, and as a parameter.
var secrets = regexp.MustCompile(`(://[^/?\s"@:]*:)[^/?\s"@]*(@)|([?&](?:ssl)?password=)[^&\s"]*`)

// masked hides passwords: a complaint about a flag repeats its value.
func masked(text string) string { return secrets.ReplaceAllString(text, "$1$3***$2") }

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "bench",
		Short: "Measure what one service feels of another, wired by calls, by a bus, or by its own copy",
		Long: `Bench offers the same load, with the same data and the same seeded faults, to the
same services A, B, C and D, wired by direct calls (sync), by request and response
over an event bus (async-request), by event-replicated local data (async-replicated)
or as one process (monolith), and shows what D's callers see: tail latency, failures,
stale answers, cost.`,
		Example: `  bench run                                              # every scenario, ten seconds each, side by side
  bench run --scenario=sync --fail-rate=0.05             # one of them, with faults
  bench run --fault='B:slow=10@3s+2s' --policy='timeout=50ms retry=2'
  bench sweep --vary=fail-rate=0,0.01,0.1,0.5            # how far it spreads, and where one starts to win
  bench matrix                                           # every component × every fault × every scenario
  bench predict --rate=100000/s --fail-rate=0.01         # what theory says, without any load
  bench doctor                                           # what this machine can be trusted with
  bench verdict                                          # the claims about each style, decided by figures
  bench report results/*/                                # draw runs again, from their folders
  bench compare results/OLD results/NEW --threshold='regression.p(99)<5%'`,
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
	root.AddCommand(newRun(), newSweep(), newMatrix(), newReport(), newPredict(), newVerdict(), newScale(), newCompare(),
		newMerge(), newDoctor(), newServe(), newHealth(), newBroker())
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
