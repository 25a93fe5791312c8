package runner

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/clock"
	"crosstalk/internal/doctor"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

// The bounds follow from what was found before the load, and a reason names both.
func TestJudgeByTheInstrument(t *testing.T) {
	idle := &result.Instrument{LatenessP99: 0.000045, TrustedRate: 8000, CPU: &result.CPUShares{Own: 0.3, Others: 0.021, Stolen: 0.154}}
	busy := &result.Instrument{LatenessP99: 0.030, TrustedRate: 0}
	late := func(p99 float64) result.Quantiles { return result.Quantiles{P99: p99} }
	for name, c := range map[string]struct {
		findings findings
		want     result.Verdict
		warning  string // the only one; empty is none
	}{
		"at the bound of an idle one": {findings{instrument: idle, lateness: late(0.001)}, result.OK, ""},
		"later than an idle one should": {findings{instrument: idle, lateness: late(0.0012)}, result.Invalid,
			"late sends: 1 % of the requests were sent 1.2ms or more after they were due, above the bound of 1ms (10 times the 45µs measured before the load, or a tenth of the latency's p99, at least 1ms and at most 10ms)"},
		"late, and not felt": {findings{instrument: idle, lateness: late(0.0012), latency: result.Quantiles{P99: 0.02}}, result.OK, ""},
		"not examined": {findings{lateness: late(0.0101)}, result.Invalid,
			"late sends: 1 % of the requests were sent 10.1ms or more after they were due, above the bound of 10ms"},
		"busy before, no looser": {findings{instrument: busy, lateness: late(0.0101)}, result.Invalid,
			"late sends: 1 % of the requests were sent 10.1ms or more after they were due, above the bound of 10ms (10 times the 30ms measured before the load, or a tenth of the latency's p99, at least 1ms and at most 10ms)"},
		"cores in use": {findings{instrument: idle, cpu: 0.5, busy: 0.95}, result.Invalid,
			"CPU saturated: 95.0 % of all cores were in use, above the bound of 90 %; this process used 50.0 %; before the load, others here used 2.1 %, and 15.4 % were stolen by other machines"},
		"cores in use, as far as is known": {findings{instrument: busy, cpu: 0.5, busy: 0.95}, result.Invalid,
			"CPU saturated: 95.0 % of all cores were in use, above the bound of 90 %; this process used 50.0 %"},
		"at the trusted rate": {findings{instrument: idle, requests: result.Requests{RateAsked: 8000}}, result.OK, ""},
		"above it": {findings{instrument: idle, requests: result.Requests{RateAsked: 8001}}, result.OK,
			"rate not trusted: 8001/s were asked for, above the 8000/s that this machine can be trusted with"},
		"trusted at none": {findings{instrument: busy, requests: result.Requests{RateAsked: 100}}, result.OK,
			"rate not trusted: before the load, this machine sent on time at no rate, and 100/s were asked for"},
		"counted at the bound": {findings{instrument: idle, handling: result.Quantiles{Count: 10_000, P50: 0.001, P90: 0.001, P99: 0.001, P999: 0.001}}, result.OK, ""},
		"counted late": {findings{instrument: idle, handling: result.Quantiles{Count: 1000, P50: 0.001, P90: 0.0011, P99: 0.002}}, result.Invalid,
			"answers counted late: in 10 % of the requests the driver came to the answer 1.1ms or more after it had arrived, above the bound of 1ms (2 % of the latency's p90, or what is usual here): it takes from the cores what the services need"},
		"a burst that blurs nothing": {findings{instrument: idle, handling: result.Quantiles{Count: 10_000, P90: 0.0076, P99: 0.0172, P999: 0.018},
			latency: result.Quantiles{P90: 0.38, P99: 0.86, P999: 0.9}}, result.OK, ""},
		"one that does": {findings{instrument: idle, handling: result.Quantiles{Count: 10_000, P90: 0.0077, P99: 0.0172, P999: 0.018},
			latency: result.Quantiles{P90: 0.38, P99: 0.86, P999: 0.9}}, result.Invalid,
			"answers counted late: in 10 % of the requests the driver came to the answer 7.7ms or more after it had arrived, above the bound of 7.6ms (2 % of the latency's p90, or what is usual here): it takes from the cores what the services need"},
		"too few to tell the tail":       {findings{instrument: idle, handling: result.Quantiles{Count: 999, P99: 1, P999: 1}}, result.OK, ""},
		"usual where it was slow before": {findings{instrument: &result.Instrument{HandlingP99: 0.0005, TrustedRate: 8000}, handling: result.Quantiles{Count: 1000, P99: 0.005}}, result.OK, ""},
		"counted late in a closed loop that has cores left": {findings{closedLoop: true, cpu: 0.5, busy: 0.6, handling: result.Quantiles{Count: 20, P50: 0.011}}, result.Invalid,
			"answers counted late: in 50 % of the requests the driver came to the answer 11ms or more after it had arrived, above the bound of 10ms (2 % of the latency's p50, or what is usual here): it takes from the cores what the services need"},
		"a closed loop that was cut": {findings{closedLoop: true, interrupted: true, measured: time.Second, requests: result.Requests{Interrupted: 3}}, result.Interrupted,
			"interrupted: the figures cover the 1s that were measured until then; 3 requests in flight were not complete 1s later, and were cancelled"},
		"a closed loop asks for none": {findings{instrument: busy, closedLoop: true}, result.OK, ""},
	} {
		c.findings.requests.Sent = 1
		got, warnings := judge(c.findings)
		if all := strings.Join(warnings, "\n"); got != c.want || all != c.warning {
			t.Errorf("%s: %s\n%s\nwant %s\n%s", name, got, all, c.want, c.warning)
		}
	}
}

// A real run has the machine examined, and keeps what was found; one beside others
// does not, and a failed examination starts nothing.
func TestRunsKeepTheExamination(t *testing.T) {
	e := ask(t, "duration", "300ms", "warmup", "0s", "latency", "none", "rate", "1500")
	s, _ := scenarios.ByName("sync")
	var machine doctor.Brief
	var asked []float64
	o := Options{
		Env:   fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext, Sleep: clock.Precise},
		Pacer: load.Precise,
		Examine: func(ctx context.Context, rate float64) (*result.Instrument, error) {
			asked = append(asked, rate)
			return machine.Instrument(ctx, rate)
		},
	}
	dir := t.TempDir()
	if _, err := Run(t.Context(), s, e, dir, o); err != nil {
		t.Fatal(err)
	}
	loaded, err := result.Load(filepath.Join(dir, "sync"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := machine.Instrument(t.Context(), 1500)
	if err != nil {
		t.Fatal(err)
	}
	got := loaded.Environment.Instrument
	if got == nil || got.Rate != 2000 || got.LatenessP99 != want.LatenessP99 || got.CallP50 != want.CallP50 || len(asked) != 1 || asked[0] != 1500 {
		t.Errorf("%+v, want %+v; asked for %v", got, want, asked)
	}

	o.Shared = true
	run, err := Run(t.Context(), s, e, t.TempDir(), o)
	if err != nil || run.Environment.Instrument != nil || len(asked) != 1 {
		t.Errorf("beside others, %+v, %v", run, err)
	}

	o.Shared = false
	no := errors.New("no")
	o.Examine = func(context.Context, float64) (*result.Instrument, error) { return nil, no }
	if run, err := Run(t.Context(), s, e, t.TempDir(), o); !errors.Is(err, no) || run != nil {
		t.Errorf("%+v, %v", run, err)
	}
}

// Of a run that was interrupted during the load, nobody has waited for the replicas: it
// says nothing of what they show, and that nothing was compared.
func TestInterruptSaysNothingOfVisibility(t *testing.T) {
	for name, c := range map[string]struct {
		findings findings
		want     []string
	}{
		"during the load": {findings{interrupted: true, unseen: 3, notCompared: "interrupted"},
			[]string{"interrupted: the figures cover the 0s that were measured until then", "not compared: interrupted"}},
		"while it compares": {findings{interrupted: true, unseen: 3, awaited: 30 * time.Second, notCompared: "interrupted"},
			[]string{"3 acknowledged changes did not become visible within 30s of the end: the replication lag leaves them out",
				"interrupted: the figures cover the 0s that were measured until then", "not compared: interrupted"}},
		"by its driver": {findings{requests: result.Requests{Sent: 1}, notCompared: "the driver that prepared the nodes compares them"}, nil},
	} {
		if _, got := judge(c.findings); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
