package report

import (
	"bytes"
	"strings"
	"testing"

	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

// What was found of a machine is said once where it is told of, and nothing where it
// was not examined.
func TestTrust(t *testing.T) {
	run := result.Run{
		Scenario: "sync", Verdict: result.OK, GC: &result.GC{}, Experiment: resulttest.Asked(`{"duration":"1s"}`),
		Environment: result.Environment{Instrument: &result.Instrument{Rate: 500, SmallestP50: 0.0003, TrustedRate: 8000}},
	}
	other := run
	other.Environment.Instrument = &result.Instrument{Rate: 2000, SmallestP50: 0.0003, TrustedRate: 8000} // the same look
	const sentence = "Before the load, this machine could tell apart medians 300 µs from each other, and be trusted up to 8000/s."
	var out bytes.Buffer
	if err := Summary(&out, []result.Run{run, other}); err != nil || strings.Count(out.String(), sentence) != 1 {
		t.Errorf("%v\n%s", err, &out)
	}
	if words := Words(run); !strings.HasSuffix(words[len(words)-1], sentence) {
		t.Errorf("%q", words)
	}
	run.Environment.Instrument.TrustedRate = 0
	if words := Words(run); !strings.HasSuffix(words[len(words)-1], ", and be trusted at no rate.") {
		t.Errorf("%q", words)
	}
	run.Environment.Instrument = nil
	out.Reset()
	if err := Summary(&out, []result.Run{run}); err != nil || strings.Contains(out.String(), "Before the load") {
		t.Errorf("%v\n%s", err, &out)
	}
	if words := Words(run); strings.Contains(strings.Join(words, ""), "Before the load") {
		t.Errorf("%q", words)
	}
}
