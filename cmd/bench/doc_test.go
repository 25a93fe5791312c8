package main

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The commands of the README and of the help are run, by a shell, as they stand
// there; only their load is made brief.
func TestDocumentedCommandsRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are written for a POSIX shell")
	}
	dir := t.TempDir() // one for all: some read what others write
	commands := append(readmeCommands(t), helpExamples()...)
	if len(commands) < 6 {
		t.Fatalf("only %d commands are found: %q", len(commands), commands)
	}
	for _, command := range commands {
		t.Run(command, func(t *testing.T) {
			load := "--duration=300ms --warmup=0s"
			if strings.Contains(command, "outage") {
				load = "--duration=5s --warmup=0s --scenario=sync" // the outage ends at second 5
			}
			script := `bench() { "$BENCH" "$@" ` + load + `; }
` + command
			cmd := osexec.Command("sh", "-ec", script)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "CROSSTALK_TEST_AS_BENCH=1", "BENCH="+os.Args[0])
			out, err := cmd.CombinedOutput()
			if err != nil && cmd.ProcessState.ExitCode() != exitInvalid { // the machine may be busy
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

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
			if command, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/bench "); ok {
				commands = append(commands, "bench "+command)
			}
		}
	}
	return commands
}

func helpExamples() []string {
	var commands []string
	for line := range strings.Lines(newRun().Example) {
		commands = append(commands, strings.TrimSpace(line))
	}
	return commands
}
