//go:build long

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// The commands of the README and of the help are run, by a shell, as they stand
// there; only their load is made brief.
func TestDocumentedCommandsRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are written for a POSIX shell")
	}
	commands := append(readmeCommands(t), helpExamples()...)
	if len(commands) < 6 {
		t.Fatalf("only %d commands are found: %q", len(commands), commands)
	}
	brief := strings.NewReplacer("@3s+2s", "@100ms+100ms", "@3s restart=1s", "@50ms restart=50ms", "@6s restart=1s", "@150ms restart=50ms", "@3s restart=2s", "@50ms restart=50ms")
	slices.Sort(commands) // the README and the help have some in common
	for _, command := range slices.Compact(commands) {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			cmd := asBench(t, briefly+brief.Replace(command))
			out, err := cmd.CombinedOutput()
			if err != nil && cmd.ProcessState.ExitCode() != exitInvalid { // the machine may be busy
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// briefly makes each command as brief as it can be and still be real. An
// experiment that ships has its own length, so it is only read; and the verdict,
// whose length nothing can change, is run by .ci/run.
const briefly = `
cp -r "$REPOSITORY/experiments" .
"$BENCH" run --print-experiment > experiment.yaml # some read it
bench() {
	case "$*" in
	predict*experiments/*) "$BENCH" "$@" ;;
	predict*) "$BENCH" "$@" --duration=20ms --warmup=0s ;;
	verdict*) "$BENCH" "$@" --help ;;
	serve*) "$BENCH" "$@" --help ;; # it goes on until it is ended
	*--kafka=*|*--nodes=*) "$BENCH" "$@" --print-experiment ;; # what they reach is not there
	doctor*) "$BENCH" "$@" --short ;;
	matrix*) "$BENCH" "$@" --fault-length=100ms --rest=100ms --warmup=0s --scenario=sync --rate=20 ;;
	scale*) "$BENCH" "$@" --short --axis=depth --most-keys=1000 --scenario=monolith ;;
	*experiments/*) "$BENCH" "$@" --print-experiment ;;
	*--threshold=*) "$BENCH" "$@" --duration=300ms --warmup=0s --scenario=sync --allow-undecided ;;
	*) "$BENCH" "$@" --duration=300ms --warmup=0s --scenario=sync ;;
	esac
}
`

// readmeCommands returns the README's calls of the program, from its sh blocks.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(line, "#")
			for _, call := range []string{"go run ./cmd/bench ", "./bench "} {
				command, ok := strings.CutPrefix(strings.TrimSpace(line), call)
				if ok && !strings.Contains(command, "$(scripts/") { // which starts a server
					commands = append(commands, "bench "+command)
				}
			}
		}
	}
	return commands
}

func helpExamples() []string {
	var commands []string
	for _, command := range []*cobra.Command{newRun(), newSweep(), newMatrix(), newPredict(), newVerdict(), newScale()} {
		for line := range strings.Lines(command.Example) {
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	return commands
}
