package runner

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/impact"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/theory"
	"crosstalk/internal/topology"
	"crosstalk/internal/tracing"
	"crosstalk/scenarios"
)

// A run warns of each thing that its figures do not tell, and of none that is not so.
func TestNotes(t *testing.T) {
	const gap, away = "the error rate is 0 %, and theory says 90 %", "nothing tells of D, which has no control, "
	for name, c := range map[string]struct {
		losses int64
		told   counts.Process
		own    []string
		cache  time.Duration
		attach int
		want   []string // the beginnings
	}{
		"alone":              {want: []string{gap}},
		"a bus that forgets": {losses: 2, want: []string{gap, "the bus has lost events that it had acknowledged: 2 times "}},
		"what is under way": {told: counts.Process{Unsettled: "D: 3 events"}, want: []string{
			gap, "what was still under way when the nodes told what they had counted is not counted: D: 3 events"}},
		"lost spans": {told: counts.Process{Spans: tracing.Exported{Spans: 5, Lost: 2, Why: "full"}}, want: []string{
			gap, "2 of 5 spans did not reach the collector at there: full"}},
		"other drivers":   {told: counts.Process{Attached: 2}, want: []string{"2 other drivers added load: "}},
		"another's":       {attach: 1, want: []string{"this driver was attached: "}},
		"external":        {own: []string{"D"}, want: []string{away}},
		"external, cache": {own: []string{"D"}, cache: time.Second, want: []string{"D is declared to have a cache: its answers may be outdated for 1s", away}},
	} {
		s, _ := scenarios.ByName("sync")
		r := &run{
			scenario: s, experiment: ask(t), topology: &topology.Topology{Own: c.own}, driver: &load.Driver{},
			options: Options{Attach: c.attach, OTLP: "there", Nodes: topology.Nodes{"D": {Cache: c.cache}}},
		}
		out := &result.Run{
			Attached: c.attach, Counts: counts.Counts{Bus: counts.Bus{LogLosses: c.losses}},
			Requests: result.Requests{Sent: 1000, Succeeded: 1000}, Predicted: &theory.Prediction{ErrorRate: 0.9},
		}
		if got := r.notes(out, c.told); !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A run holds what its nodes have counted and when one gave no sign of life, and is
// INVALID where one tells nothing.
func TestSummary(t *testing.T) {
	s, _ := scenarios.ByName("sync")
	begin := time.Now()
	of := func(b teller) *run {
		recorder := result.NewRecorder(result.Options{})
		t.Cleanup(func() { recorder.Close() })
		return &run{
			scenario: s, experiment: ask(t, "latency", "none", "duration", "1s", "warmup", "0s"), topology: &topology.Topology{}, driver: &load.Driver{},
			nodes: tellers([]string{"A", "B"}, teller{told: counts.Process{Counts: counts.Counts{Bus: counts.Bus{Events: 3}}}}, b),
			lag:   load.NewLag(nil, nil), book: load.NewOracle(nil, 0, time.Second), impact: impact.New(nil), recorder: recorder,
			pulse: &pulse{begin: begin, beats: []*beat{{name: "D", silences: []silence{{begin.Add(-time.Second), begin.Add(2 * time.Second)}}}}},
		}
	}
	r := of(teller{told: counts.Process{Counts: counts.Counts{Bus: counts.Bus{Events: 4}}}})
	out, err := r.summarise(t.Context(), false)
	if err != nil || r.missing != nil || out.Events != 7 || !slices.Equal(out.Silences, []result.Silence{{Process: "D", StartSeconds: -1, LengthSeconds: 3}}) {
		t.Errorf("%v, missing %v, %d events, silences %+v", err, r.missing, out.Events, out.Silences)
	}
	r = of(teller{err: errors.New("gone")})
	const missing = "the statistics of B are missing: gone"
	out, err = r.summarise(t.Context(), false)
	if err != nil || r.missing == nil || r.missing.Error() != missing || out.Verdict != result.Invalid || !slices.Contains(out.Warnings, missing) {
		t.Errorf("%v, missing %v, %s %q", err, r.missing, out.Verdict, out.Warnings)
	}
}
