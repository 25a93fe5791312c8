package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/result/resulttest"

	"crosstalk/internal/chart"
	"crosstalk/internal/result"
)

var update = flag.Bool("update", false, "write the golden files anew")

func runs() []result.Run {
	sync := result.Run{
		Scenario: "sync", Verdict: result.OK,
		Requests:  result.Requests{Due: 5000, Sent: 5000, Succeeded: 4756, Failed: 244, RateAsked: 500, RateAchieved: 499.96, Throughput: 475.6},
		ErrorRate: result.Interval{Value: 0.0488, Low: 0.04316, High: 0.05513},
		Latency:   result.Quantiles{Count: 4756, Min: 0.002, P50: 0.01262, P90: 0.0315, P99: 0.0767, P999: 0.155, Max: 1.2345},
		Answers:   result.Answers{Correct: 4756}, StaleRate: result.Interval{High: 0.00081},
		Counts: counts.Counts{Faults: []counts.Fault{
			{Target: "A", Kind: "delay", Asked: 1, Delivered: 1, Interactions: 5000, MeanAskedSeconds: 0.00821, MeanDeliveredSeconds: 0.0086},
			{Target: "A", Kind: "abort", Code: "UNAVAILABLE", Asked: 0.05, Delivered: 0.0488, Low: 0.0432, High: 0.0551, Interactions: 5000},
			{Target: "B", Kind: "outage", Window: &counts.Window{StartSeconds: 3, LengthSeconds: 2}, DeliveredWindow: &counts.Window{StartSeconds: 3.0004, LengthSeconds: 2.001}},
			{Target: "C", Kind: "hang", Asked: 0.01},
		}},
		Writes:       result.Writes{Due: 500, Acknowledged: 430, Failed: 50, Failures: map[string]int64{"UNAVAILABLE": 48, "DEADLINE_EXCEEDED": 2}},
		Comparison:   &result.Comparison{OwnerRows: 15_000},
		StorageBytes: map[string]int64{"C": 20480, "A": 20480, "B": 950}, CPUSecondsPer1000: 1.4712,
	}
	replicated := result.Run{
		Scenario: "async-replicated", Verdict: result.Invalid,
		Warnings:  []string{"late sends: 1 % of the requests were sent 12ms or more after they were due, above the bound of 10ms", "CPU saturated: and so on"},
		Requests:  result.Requests{Due: 5000, Sent: 5000, Succeeded: 5000, RateAsked: 500, RateAchieved: 500, Throughput: 500},
		ErrorRate: result.Interval{High: 0.00077},
		Latency:   result.Quantiles{Count: 5000, Min: 0.0001, P50: 0.000359, P90: 0.00056, P99: 0.00136, P999: 0.00589, Max: 0.00775},
		Answers:   result.Answers{Correct: 4977, Stale: 23}, StaleRate: result.Interval{Value: 0.0046, Low: 0.00307, High: 0.00689},
		UnseenChanges: 3, Counts: counts.Counts{Bus: counts.Bus{Events: 451, LostChanges: 12}},
		Staleness: result.Quantiles{Count: 23, P50: 0.0108, P99: 0.0532, Max: 0.0532}, ReplicationLag: result.Quantiles{Count: 451, P50: 0.00576, P99: 0.0462},
		Comparison:   &result.Comparison{OwnerRows: 15_000, ReplicaRows: 15_000, Explained: []result.Explained{{Fault: "D:poison=1%", Rows: 2, Changes: 3}}},
		StorageBytes: map[string]int64{"A": 20480, "D": 61_400_000}, CopyBytes: map[string]int64{"D": 61_400_000},
		EventsPerRequest: 0.0902, CPUSecondsPer1000: 0.66,
		Environment: result.Environment{Bus: "kafka:9092", BusRoundTrip: &result.RoundTrip{Count: 200, P50: 0.00215, P99: 0.0081, EmbeddedP50: 0.000123, EmbeddedP99: 0.0011}},
	}
	nothing := result.Run{
		Scenario: "monolith", Verdict: result.Interrupted, Requests: result.Requests{Due: 17, Interrupted: 17},
		Comparison: &result.Comparison{NotCompared: "interrupted"},
		Writes:     result.Writes{Due: 6, Interrupted: 5}, Warnings: []string{"interrupted: the figures cover what was measured until then"},
	}
	return []result.Run{bounded(sync), bounded(replicated), nothing}
}

// bounded closes the intervals of a run's percentiles.
func bounded(r result.Run) result.Run {
	one := 1.0
	ends := make(map[string]result.Bounds)
	for _, name := range []string{"p50", "p75", "p90", "p99", "p99.9", "p99.99"} {
		ends[name] = result.Bounds{Low: &one, High: &one}
	}
	r.Intervals = make(map[string]map[string]result.Bounds)
	for _, field := range []string{"latency_seconds", "lateness_seconds", "staleness_seconds", "replication_lag_seconds"} {
		r.Intervals[field] = ends
	}
	return r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%s\nand was\n%s", name, got, want)
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	if err := Summary(&out, runs()); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", out.Bytes())
}

// A percentile stands only where there are samples enough for it, and says where they do
// not bound it.
func TestPercentilesNeedSamples(t *testing.T) {
	for _, c := range []struct {
		count int64
		p     float64
		want  string
	}{
		{0, 0.5, none}, {1, 0.5, none}, {2, 0.5, "1.00 s [open, open]"}, {5, 0.5, "3.00 s [open, open]"}, {6, 0.5, "3.00 s"}, {9, 0.9, none},
		{10, 0.9, "9.00 s [7.00 s, open]"}, {35, 0.9, "32.0 s [28.0 s, open]"}, {36, 0.9, "33.0 s"},
		{99, 0.99, none}, {100, 0.99, "99.1 s [97.0 s, open]"}, {367, 0.99, "364 s [359 s, open]"}, {368, 0.99, "365 s"},
	} {
		run := secondsUpTo(t, c.count)
		if got := percentile(run, result.Latency, c.p).String(); got != c.want {
			t.Errorf("p%v of %d samples is %s, want %s", c.p*100, c.count, got, c.want)
		}
	}
}

// secondsUpTo is a run of n successes, which take 1 s, 2 s and so on.
func secondsUpTo(t *testing.T, n int64) result.Run {
	t.Helper()
	r := result.NewRecorder(result.Options{})
	for i := range n {
		r.Due(0)
		r.Add(result.Row{ID: i, Done: time.Duration(i+1) * time.Second})
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var run result.Run
	r.Fill(&run)
	return run
}

// A second's figure is drawn over the whole of it: failures begin where their
// second does. The warm-up and the end are where they were.
func TestTimelineIsInSteps(t *testing.T) {
	run := &result.Loaded{Run: result.Run{
		Scenario: "sync", Experiment: resulttest.Asked(`{"warmup":"1.5s"}`), MeasuredSeconds: 1.5,
		Series: []result.Second{
			{Second: -2, Succeeded: 1}, {Second: -1, Succeeded: 1}, {Second: 0, Succeeded: 3, Failed: 1}, {Second: 1, Failed: 1},
		},
	}}
	panel := Timeline([]*result.Loaded{run}).Panels[2]
	line := panel.Lines[0]
	if x, y := fmt.Sprint(line.X), fmt.Sprint(line.Y); x != "[-1.5 -1 -1 0 0 1 1 1.5]" || y != "[0 0 0 0 0.25 0.25 1 1]" {
		t.Errorf("%s: %s, %s", panel.Title, x, y)
	}
	if len(panel.Shades) != 1 || panel.Shades[0] != (chart.Shade{Label: "warm-up", From: -1.5, To: 0}) {
		t.Errorf("shades %+v", panel.Shades)
	}
}

func TestFaults(t *testing.T) {
	var out bytes.Buffer
	if err := Text(&out, faults(runs())); err != nil {
		t.Fatal(err)
	}
	golden(t, "faults.txt", out.Bytes())
	if rows := faults(runs()[1:]).Rows; rows != nil {
		t.Errorf("without faults there is %q", rows)
	}
}

func TestJSONLines(t *testing.T) {
	var out bytes.Buffer
	if err := JSONLines(&out, runs()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		var r result.Run
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Scenario != runs()[i].Scenario {
			t.Errorf("line %d is of %q, %v", i, r.Scenario, err)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{duration(0), "0"}, {duration(0.000_000_5), "0.500 µs"}, {duration(0.000_359), "359 µs"}, {duration(0.012_62), "12.6 ms"},
		{duration(1.2345), "1.23 s"}, {duration(123.4), "123 s"},
		{digits(0), "0"}, {digits(0.0902), "0.0902"}, {digits(1234.5), "1234"}, {digits(99.96), "100"},
		{size(0), "0 B"}, {size(999), "999 B"}, {size(20480), "20.5 kB"}, {size(61_400_000), "61.4 MB"}, {size(5e9), "5.00 GB"},
		{percent(0), "0"}, {percent(1), "100"}, {percent(0.0488), "4.88"}, {percent(0.238), "23.8"}, {percent(0.00004), "<0.01"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// failing is a writer whose disk is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestErrorsOfWritingAreReported(t *testing.T) {
	if Summary(failing{}, runs()) == nil || Text(failing{}, faults(runs())) == nil || JSONLines(failing{}, runs()) == nil {
		t.Error("an error of writing is lost")
	}
}
