package telemetry

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The list of docs/metrics.md is that of the code, line by line.
func TestDocsListEveryFamily(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `crosstalk_") {
			listed[strings.TrimSpace(line)] = true
		}
	}
	for _, f := range Families() {
		row := docsRow(f)
		if !listed[row] {
			t.Errorf("docs/metrics.md lacks the line\n%s", row)
		}
		delete(listed, row)
	}
	for row := range listed {
		t.Errorf("docs/metrics.md lists what is not there:\n%s", row)
	}
}

// docsRow is a family's line of the list. Those of a run all have its labels.
func docsRow(f Family) string {
	labels := f.Labels
	if len(labels) > 1 && labels[0] == "scenario" {
		labels = labels[2:]
	}
	return strings.ReplaceAll(fmt.Sprintf("| `%s` | %s | %s | %s |", f.Name, f.Type, strings.Join(labels, ", "), f.Help), "|  |", "| |")
}
