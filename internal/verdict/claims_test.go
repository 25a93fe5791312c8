package verdict

import (
	"slices"
	"strings"
	"testing"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/result"
)

// The figure beside each ruling is that of the evidence, in units a person reads.
func TestFigures(t *testing.T) {
	e := full()
	for _, runs := range e.Runs {
		for scenario, r := range runs {
			r.Scenario = scenario
			runs[scenario] = r
		}
	}
	const aborted = "with 10 % failing at each of three, 27 % of D's requests fail; 1 − 0.9³ is 27.1 %"
	want := []string{
		"on whether the upstreams' work is in the request's way; p50 of the bare wiring: monolith 200µs, sync 300µs, async-request 400µs, async-replicated 200µs; " +
			"with work: monolith 12ms, sync 12ms, async-request 12ms, async-replicated 200µs",
		"with A down 100 % of D's requests fail",
		"D stores 0 bytes",
		"of D's requests fail with A down: 100 %, B down: 100 %, C down: 100 %",
		aborted,
		"with calls of 5, 10 and 40 ms the fastest answer takes 40.2ms, the median 40.2ms",
		"three deep, 5 % and 5 ms each: 14 % fail, the fastest takes 15.5ms; theory, 1 % each, errors and p99: 1 wide 1 deep 1 % 50ms, 10 wide 1 deep 9.6 % 100ms",
		"on the deadline: what is asked shortly before the outage ends is answered late; of D's requests fail with A down: 50 %, B down: 50 %, C down: 50 %",
		aborted,
		"with calls of 5, 10 and 40 ms the fastest answer takes 40.3ms, the median 40.3ms",
		"three deep, 5 % and 5 ms each: 14 % fail, the fastest takes 15.5ms",
		"with the bus away for 1 s 50 % of D's requests fail",
		"6 events a request over the bus, each two hops; CPU 0 s per 1000 requests against 0 of sync",
		"with half of all events lost 98 % of D's requests fail; 1 − 0.5⁶ is 98.4 %",
		"0 of 1000 requests fail, with A, B, C and the bus away in turn",
		"p50 200µs against 12ms (60 times), p99 1ms against 70ms (70 times)",
		"D stores 30 bytes, the owners 30: 1 times",
		"0 % stale, lag p50 0s, p99 0s; with the bus away for 1 s 70 % are stale, by up to 900ms",
		"acknowledged changes lost per 100 kills of an owner: 0 with the outbox, 38 without (0 and 9 in 24 kills, 0 writes)",
		"an owner that writes and a replica that reads want different ones; sqlite: write 10µs, apply 1µs, look-up 8µs; bbolt: write 30µs, apply 1µs, look-up 2µs",
	}
	var got []string
	for _, v := range Decide(e) {
		got = append(got, v.Figure)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTimesInWords(t *testing.T) {
	for seconds, want := range map[float64]string{
		0.000001234: "1.23µs", 0.000009994: "9.99µs", 0.0000104: "10µs", 0.0001236: "124µs", 0.00123456: "1.2ms", 0.99994: "999.9ms", 1.2345: "1.23s",
	} {
		if got := ms(seconds); got != want {
			t.Errorf("%v s: %s, want %s", seconds, got, want)
		}
	}
}

// A claim holds up to its bound and no further.
func TestClaimsAtTheirBounds(t *testing.T) {
	const aborted, chained, lost = 1 - 0.9*0.9*0.9, 1 - 0.95*0.95*0.95, 1 - 1.0/64
	rate := func(value, low, high float64) result.Interval {
		return result.Interval{Value: value, Low: low, High: high}
	}
	all := func(i result.Interval) func(r *result.Run) {
		return func(r *result.Run) {
			for k := range r.Impacts {
				r.Impacts[k].ErrorRate = i
			}
		}
	}
	for i, c := range []struct {
		experiment, scenario, claim string
		change                      func(r *result.Run)
		want                        Ruling
	}{
		{bare, "sync", "least latency", func(r *result.Run) { r.Latency.P50 = 0.0002 / 1.14 }, Depends},
		{bare, "sync", "least latency", func(r *result.Run) { r.Latency.P50 = 0.0002 / 1.16 }, Fails},
		{outages, "monolith", "cannot fail apart", all(rate(1, 0.9, 1)), Fails},
		{outages, "sync", "depends on A, B and C", all(rate(1, 0.9, 1)), Depends},
		{outages, "sync", "depends on A, B and C", all(rate(0.2, 0.1, 0.3)), Fails},
		{aborts, "sync", "if any request between", func(r *result.Run) { r.ErrorRate = rate(0.28, aborted, 0.3) }, Holds},
		{aborts, "sync", "if any request between", func(r *result.Run) { r.ErrorRate = rate(0.26, 0.25, aborted) }, Holds},
		{aborts, "sync", "if any request between", func(r *result.Run) { r.ErrorRate = rate(0.29, 0.28, 0.3) }, Fails},
		{uneven, "sync", "a request is only", func(r *result.Run) { r.Latency.Min, r.Latency.P50 = slowest, slowest }, Holds},
		{uneven, "sync", "a request is only", func(r *result.Run) { r.Latency.P50 = 1.5 * slowest }, Fails},
		{deep, "async-request", "the web of requests", func(r *result.Run) { r.ErrorRate = rate(0.15, chained, 0.16) }, Holds},
		{deep, "async-request", "the web of requests", func(r *result.Run) { r.ErrorRate = rate(0.13, 0.12, chained) }, Holds},
		{deep, "async-request", "the web of requests", func(r *result.Run) { r.ErrorRate = rate(0.15, 0.145, 0.16) }, Fails},
		{deep, "async-request", "the web of requests", func(r *result.Run) { r.ErrorRate = rate(0.13, 0.12, 0.14) }, Fails},
		{deep, "async-request", "the web of requests", func(r *result.Run) { r.Latency.Min = 0.015 }, Holds},
		{deep, "sync", "easily grows a web", func(r *result.Run) { r.ErrorRate = rate(0.15, chained, 0.16) }, Holds},
		{deep, "sync", "easily grows a web", func(r *result.Run) { r.ErrorRate = rate(0.13, 0.12, chained) }, Holds},
		{deep, "sync", "easily grows a web", func(r *result.Run) { r.Latency.Min = 0.015 }, Holds},
		{outages, "async-request", "one more dependency", func(r *result.Run) {
			r.Impacts[3].ErrorRate, r.Impacts[3].BaselineErrorRate = rate(0.5, 0.4, 0.6), rate(0.3, 0.2, 0.4)
		}, Fails},
		{outages, "async-request", "one more dependency", all(rate(0.2, 0.1, 0.3)), Fails},
		{outages, "async-request", "lost event", all(rate(0.99, lost, 1)), Holds},
		{outages, "async-request", "lost event", all(rate(0.98, 0.97, lost)), Holds},
		{outages, "async-replicated", "has no dependency", func(r *result.Run) { r.Requests.Sent = 0 }, Fails},
		{work, "async-replicated", "extremely fast", func(r *result.Run) { r.Latency.P50 = 0.00121 }, Fails},
		{work, "async-replicated", "extremely fast", func(r *result.Run) { r.Latency.P99 = 0.007 }, Fails},
		{unsafe, "async-replicated", "one transaction", func(r *result.Run) { r.UnseenChanges = 0 }, Fails},
		{outages, "async-replicated", "and with age", func(r *result.Run) { r.Impacts[0].BaselineStaleShare = 0.35 }, Fails},
	} {
		e := full()
		r := e.Runs[c.experiment][c.scenario]
		r.Impacts = slices.Clone(r.Impacts)
		c.change(&r)
		e.Runs[c.experiment][c.scenario] = r
		decided := slices.DeleteFunc(Decide(e), func(v Verdict) bool { return !strings.Contains(v.Claim, c.claim) })
		if len(decided) != 1 || decided[0].Ruling != c.want {
			t.Errorf("%d, %s: %+v, want that it %s", i, c.claim, decided, c.want)
		}
	}
}

// A claim that is decided by two experiments needs both.
func TestHalfTheEvidenceDecidesNothing(t *testing.T) {
	for _, c := range []struct{ experiment, claim string }{
		{bare, "least latency"}, {work, "least latency"}, {work, "and with age"}, {outages, "and with age"}, {kills, "one transaction"}, {unsafe, "one transaction"},
	} {
		e := full()
		delete(e.Runs, c.experiment)
		if slices.ContainsFunc(Decide(e), func(v Verdict) bool { return strings.Contains(v.Claim, c.claim) }) {
			t.Errorf("%q is decided without %s", c.claim, c.experiment)
		}
	}
}

// Errors and latency have to grow with both: with each graph, and none is no evidence.
func TestWebOfTheory(t *testing.T) {
	first := Web{1, 1, 0.01, 0.005, 0.05}
	for name, c := range map[string]struct {
		web  []Web
		want Ruling
	}{
		"both grow":         {[]Web{first, {10, 1, 0.096, 0.02, 0.1}}, Holds},
		"errors alone":      {[]Web{first, {10, 1, 0.096, 0.02, 0.05}}, Fails},
		"latency alone":     {[]Web{first, {10, 1, 0.01, 0.02, 0.1}}, Fails},
		"not the first":     {[]Web{first, {10, 1, 0.01, 0.02, 0.1}, {100, 1, 0.6, 0.1, 0.2}}, Fails},
		"nothing of theory": {nil, ""},
	} {
		e := full()
		e.Web = c.web
		if ruling, figure, ok := web(e); ruling != c.want || ok != (c.want != "") {
			t.Errorf("%s: it %s: %s", name, ruling, figure)
		}
	}
}

// The evidence is every experiment, each with the graph and the faults that its claims are about.
func TestExperimentsAreThoseOfTheClaims(t *testing.T) {
	base := experiment.Default()
	all, err := Experiments(&base)
	if err != nil {
		t.Fatal(err)
	}
	var names, chained []string
	for _, x := range all {
		names = append(names, x.Name)
		switch x.Name {
		case deep:
			for _, s := range x.Experiment.Services {
				chained = append(chained, s.Name)
			}
		case kills, unsafe:
			faults := slices.DeleteFunc(x.Experiment.Faults(), func(f fault.Fault) bool { return f.Kind != fault.Kill })
			if len(faults) != killCount || faults[0].String() != "A:kill@1s+"+killAway.String() || bool(x.Experiment.Outbox) != (x.Name == kills) {
				t.Errorf("%s: outbox %v, %d faults %v", x.Name, x.Experiment.Outbox, len(faults), faults)
			}
		}
	}
	if !slices.Equal(names, []string{work, bare, outages, aborts, uneven, deep, kills, unsafe}) || !slices.Equal(chained, []string{"D", "A", "X", "Y"}) {
		t.Errorf("%q, %q deep", names, chained)
	}
}
