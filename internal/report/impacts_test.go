package report

import (
	"strings"
	"testing"

	"crosstalk/internal/counts"

	"crosstalk/internal/result"
)

// Columns about signals and copies stand only where there are any.
func TestWindowsOfSignals(t *testing.T) {
	run := func(faults string, i result.Impact) result.Run {
		i.Faults = []string{faults}
		return result.Run{Scenario: "sync", Impacts: []result.Impact{i}}
	}
	header := func(runs ...result.Run) (columns, last string) {
		var out strings.Builder
		if err := Impacts(&out, runs); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return lines[1], strings.Join(strings.Fields(lines[len(lines)-1]), " ")
	}
	if columns, _ := header(run("B:outage@3s+2s", result.Impact{UnderWay: 4})); strings.Contains(columns, "under way") || strings.Contains(columns, "even") {
		t.Errorf("of an outage: %s", columns)
	}
	columns, last := header(run("B:kill@3s+2s", result.Impact{UnderWay: 40, Cut: 39}))
	if !strings.HasSuffix(columns, "of them cut") || !strings.HasSuffix(last, "40 39") {
		t.Errorf("of a kill: %s / %s", columns, last)
	}
	for want, i := range map[string]result.Impact{
		"4 0 1.50 s":   {UnderWay: 4, Copies: 2, EvenAfter: 1.5, Even: true},
		"4 0 at once":  {UnderWay: 4, Copies: 2, Even: true},
		"4 0 not seen": {UnderWay: 4, Copies: 2},
	} {
		if columns, last := header(run("B:stop@3s+2s", i)); !strings.HasSuffix(columns, "even after") || !strings.HasSuffix(last, want) {
			t.Errorf("of copies: %s / %s, want %s", columns, last, want)
		}
	}
}

func TestProcesses(t *testing.T) {
	var out strings.Builder
	if err := Processes(&out, []result.Run{{Scenario: "monolith"}}); err != nil || strings.TrimSpace(out.String()) != "" {
		t.Errorf("without processes: %q, %v", out.String(), err)
	}
	err := Processes(&out, []result.Run{{Scenario: "sync", Processes: []result.Process{
		{Name: "driver", Starts: 1, CPUSecondsPer1000: 0.5, MaxResidentBytes: 50_000_000},
		{Name: "B/1", Starts: 2, CPUSecondsPer1000: 0.25, MaxResidentBytes: 40_000_000, Served: []int64{10, 0, 7}},
	}}})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err != nil || len(lines) != 4 {
		t.Fatalf("%q, %v", lines, err)
	}
	for i, want := range map[int]string{2: "sync driver 1 0.500 50.0 MB –", 3: "sync B/1 2 0.250 40.0 MB 17"} {
		if got := strings.Join(strings.Fields(lines[i]), " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// What a copy read is told where a process of its own read it.
func TestBootstraps(t *testing.T) {
	read := []counts.Bootstrap{{Service: "D", Owner: "A", Events: 120, Bytes: 16_320, Took: 0.0125}}
	for _, c := range []struct {
		processes []result.Process
		want      string
	}{
		{nil, ""},
		{[]result.Process{{Name: "driver"}, {Name: "D"}}, "async-replicated A in D 120 16.3 kB 12.5 ms"},
	} {
		var out strings.Builder
		if err := Bootstraps(&out, []result.Run{{Scenario: "async-replicated", Processes: c.processes, Counts: counts.Counts{Bootstraps: read}}}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if got := strings.Join(strings.Fields(lines[len(lines)-1]), " "); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
