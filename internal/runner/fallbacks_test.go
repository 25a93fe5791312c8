package runner

import (
	"errors"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/load"
	"crosstalk/internal/policy"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
)

const lastKnown = "fallback=last-known"

// A policy excuses as many stale answers as its fallback has delivered, and none that a D
// makes up beside it.
func TestFallbackExcusesWhatItDelivered(t *testing.T) {
	for _, scenario := range []string{"sync", "async-request", "monolith"} {
		out, err := invented(t, scenario, "policy", lastKnown)
		const want = " records of A were older than a request allows, and D's fallback has delivered 0: the record of A for key "
		if err == nil || out == nil || out.Verdict != result.Wrong || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, invented: %v", scenario, err)
		}

		e := ask(t, "latency", "none", "duration", "5s", "warmup", "1s", "keys", "10", "write-rate", "50/s", "policy", lastKnown, "fail-rate", "A=50%")
		out, _, err = simulate(t, scenario, e, nil)
		if err != nil || out.Verdict != result.OK || out.Answers.Stale == 0 {
			t.Errorf("%s, with fallbacks: verdict %s, %v, %+v", scenario, out.Verdict, err, out.Answers)
		}
	}
}

// To the record: two that are old need two fallbacks of the same service's, of the same
// dependency. What the warm-up had is not counted, as its fallbacks are not.
func TestFallbacksAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		told    []counts.Policy
		missing error
		wrong   bool
	}{
		"as many":       {[]counts.Policy{{Consumer: "D", Need: "A", Statistic: policy.Statistic{Fallbacks: 2}}}, nil, false},
		"more":          {[]counts.Policy{{Consumer: "D", Need: "A", Statistic: policy.Statistic{Fallbacks: 3}}}, nil, false},
		"one too few":   {[]counts.Policy{{Consumer: "D", Need: "A", Statistic: policy.Statistic{Fallbacks: 1}}}, nil, true},
		"of another":    {[]counts.Policy{{Consumer: "D", Need: "B", Statistic: policy.Statistic{Fallbacks: 2}}, {Consumer: "B", Need: "A", Statistic: policy.Statistic{Fallbacks: 2}}}, nil, true},
		"nobody's":      {nil, nil, true},
		"nobody tells":  {nil, errors.New("D tells nothing"), false},
		"of two copies": {[]counts.Policy{{Consumer: "D", Need: "A", Statistic: policy.Statistic{Fallbacks: 1}}, {Consumer: "D", Need: "A", Statistic: policy.Statistic{Fallbacks: 1}}}, nil, false},
	} {
		r := ledger(t)
		r.missing = c.missing
		r.book.Excuse("A")
		for _, due := range []time.Duration{-1, 0, time.Second} {
			q := r.book.Ask(1, due)
			old := load.Answer{Service: "A", Record: record.Record{Key: 1, Version: 1, Payload: record.Payload("A", 1, 1, 128)}}
			if _, _, err := r.book.Judge(q, []load.Answer{old}); err != nil {
				t.Fatal(err)
			}
		}
		if r.judgeFallbacks(c.told); (r.unexcused != nil) != c.wrong {
			t.Errorf("%s: %v", name, r.unexcused)
		}
	}
}

// The number of fallbacks is not known where the process that counts them is killed.
func TestFallbacksOfAKilledProcess(t *testing.T) {
	for name, c := range map[string]struct {
		fault string
		one   bool
		known bool
	}{
		"another one":     {"A:kill@1s restart=1s", false, true},
		"the entry":       {"D:kill@1s restart=1s", false, false},
		"the only one":    {"A:kill@1s restart=1s", true, false},
		"a fault of load": {"D:slow=2@1s+1s", false, true},
	} {
		r := &run{experiment: ask(t, "placement", "process", "store", "sqlite", "fault", c.fault), nodes: &nodes{controls: []*control{{}}}}
		r.nodes.controls[0].Process.Services = r.experiment.Services[:1]
		r.scenario.OneProcess = c.one
		if r.countsFallbacks() != c.known {
			t.Errorf("%s: known is %v", name, !c.known)
		}
	}
	if r := (&run{experiment: ask(t), nodes: &nodes{}}); r.countsFallbacks() {
		t.Error("a D without a control tells nothing")
	}
}
