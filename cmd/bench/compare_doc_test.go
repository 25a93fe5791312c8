//go:build long

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// The page on comparing is run from its first command to its last, as it stands
// there, with less load.
func TestThePageOnComparingRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are written for a POSIX shell")
	}
	// Not beside other tests: it has a threshold about what the machine measures.
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "comparing-and-gating.md"))
	if err != nil {
		t.Fatal(err)
	}
	script := []string{`
bench() {
	brief="--duration=200ms --warmup=0s --rate=50 --keys=10 --latency=none"
	case "$*" in
	# So few requests decide no threshold, and the machine may be busy.
	run*--threshold*|sweep*--threshold*) "$BENCH" "$@" $brief --scenario=sync,monolith --allow-undecided || [ $? = 3 ] ;;
	compare*--threshold*) "$BENCH" "$@" --allow-undecided ;;
	run*--scenario=*) "$BENCH" "$@" $brief || [ $? = 3 ] ;; # the machine may be busy
	run*|sweep*) "$BENCH" "$@" $brief --scenario=sync,monolith || [ $? = 3 ] ;;
	*) "$BENCH" "$@" ;;
	esac
}
`}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		script = append(script, block[1])
	}
	if len(script) < 5 {
		t.Fatalf("only %d blocks of commands are found", len(script)-1)
	}
	cmd := asBench(t, strings.Join(script, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, path := range []string{"lines.txt", "comment.md", "thresholds.xml", "merged/sync/run.json"} {
		if info, err := os.Stat(filepath.Join(cmd.Dir, path)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}
