package report

import (
	"bytes"
	"strings"
	"testing"

	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

func found(runs []result.Run) (all []Found) {
	for _, r := range runs {
		all = append(all, Found{Label: r.Scenario, Dir: "results/1/" + r.Scenario, Run: r})
	}
	return all
}

func TestMarkdown(t *testing.T) {
	all := runs()
	all[0].Experiment = resulttest.Asked(`{"rate": "500/s", "arrival": "poisson", "duration": "10s", "warmup": "2s", "timeout": "1s", "write-rate": "10%",
		"keys": "100", "seed": "1", "fanout": "parallel", "latency": "none", "fail-rate": "5%", "outage": "B@3s+2s", "services": [{"name": "D", "needs": ["A", "B"]}]}`)
	all[1].Warnings = append(all[1].Warnings, "a | b <img src=x onerror=alert(1)> [link](javascript:x) @team")
	for i := range all {
		all[i].Experiment = all[0].Experiment
	}
	var out bytes.Buffer
	s := Session{Groups: []Group{{Runs: found(all)}}}
	if err := Markdown(&out, s, []Link{{"Latency (all)", "a folder/latency.png"}}); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.md", out.Bytes())
}

// A table's row has as many cells as its head, whatever stands in them.
func TestMarkdownTablesAreWhole(t *testing.T) {
	all := runs()
	all[0].Scenario = "sync | with a bar"
	var out bytes.Buffer
	if err := Markdown(&out, Session{Groups: []Group{{Runs: found(all)}}}, nil); err != nil {
		t.Fatal(err)
	}
	bars := func(line string) int { return strings.Count(line, "|") - strings.Count(line, `\|`) }
	previous := ""
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "|") && strings.HasPrefix(previous, "|") && bars(line) != bars(previous) {
			t.Errorf("%q has %d cells, and above it there are %d", line, bars(line)-1, bars(previous)-1)
		}
		previous = line
	}
}

func TestMarkdownOfGoodRuns(t *testing.T) {
	var out bytes.Buffer
	if err := Markdown(&out, Session{Groups: []Group{{Runs: found(runs()[:1])}}}, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "All runs are OK") {
		t.Errorf("%s", out.String())
	}
}
