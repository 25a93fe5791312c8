package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crosstalk/internal/result"
)

// claim is something people say, and how it is decided.
type claim struct {
	style, text string
	decide      func(e Evidence) (Ruling, string, bool)
}

var claims = []claim{
	{"monolith", "one process, one database: the least latency", leastLatency},
	{"monolith", "its parts cannot fail apart: one part's crash takes all with it", crashTakesAll},
	{"sync", "D needs no database", noDatabase},
	{"sync", "D depends on A, B and C: each one's outage is D's outage", outageOf("sync")},
	{"sync", "if any request between services fails, the overall request fails", anyFails("sync")},
	{"sync", "a request is only as fast as its slowest call", asFastAsSlowest("sync")},
	{"sync", "it easily grows a web of requests: errors and latency grow with depth and width", web},
	{"async-request", "shares it: each one's outage is D's outage", outageOf("async-request")},
	{"async-request", "shares it: if any request fails, the overall request fails", anyFails("async-request")},
	{"async-request", "shares it: only as fast as its slowest call", asFastAsSlowest("async-request")},
	{"async-request", "shares it: the web of requests", deepLikeSync},
	{"async-request", "adds the bus as one more dependency", busIsDependency},
	{"async-request", "costs more moving parts: events and hops per request", movingParts},
	{"async-request", "a lost event is a failed request", lostEvent},
	{"async-replicated", "D has no dependency on another service: no outage shows in D's errors", noDependency},
	{"async-replicated", "D is extremely fast: p50 and p99 against sync", extremelyFast},
	{"async-replicated", "it pays with duplicated data", duplicatedData},
	{"async-replicated", "and with age: stale answers, and what an outage of the bus adds", paysWithAge},
	{"async-replicated", "a change and its event must be one transaction: a kill between them loses the change", outboxKeeps},
	{"databases", "some services do better with another kind of database", otherDatabase},
}

// of returns the runs of an experiment in some scenarios; not ok where one is missing.
func (e Evidence) of(name string, scenarios ...string) ([]result.Run, bool) {
	var out []result.Run
	for _, s := range scenarios {
		r, ok := e.Runs[name][s]
		if !ok {
			return nil, false
		}
		out = append(out, r)
	}
	return out, true
}

// one decides a claim by one run.
func one(name, scenario string, decide func(r result.Run) (Ruling, string)) func(Evidence) (Ruling, string, bool) {
	return func(e Evidence) (Ruling, string, bool) {
		runs, ok := e.of(name, scenario)
		if !ok {
			return "", "", false
		}
		ruling, figure := decide(runs[0])
		return ruling, figure, true
	}
}

func holdsIf(ok bool) Ruling {
	if ok {
		return Holds
	}
	return Fails
}

func ms(seconds float64) string {
	d := time.Duration(seconds * 1e9)
	switch {
	case d < 10*time.Microsecond:
		return d.Round(10 * time.Nanosecond).String()
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", share*100) }

// leastLatency: of the bare wiring it has the least; but where D keeps a copy, the
// work of the others is not in its way at all.
func leastLatency(e Evidence) (Ruling, string, bool) {
	scenarios := []string{"monolith", "sync", "async-request", "async-replicated"}
	wiring, ok := e.of(bare, scenarios...)
	working, ok2 := e.of(work, scenarios...)
	if !ok || !ok2 {
		return "", "", false
	}
	p50 := func(runs []result.Run) string {
		var parts []string
		for _, r := range runs {
			parts = append(parts, r.Scenario+" "+ms(r.Latency.P50))
		}
		return strings.Join(parts, ", ")
	}
	// A copy is read as the monolith's database is: what is within a few per cent of
	// each other is no difference.
	const same = 1.15
	least := func(runs []result.Run) bool {
		return !slices.ContainsFunc(runs[1:], func(r result.Run) bool { return same*r.Latency.P50 < runs[0].Latency.P50 })
	}
	figure := "p50 of the bare wiring: " + p50(wiring) + "; with work: " + p50(working)
	switch bareLeast, workLeast := least(wiring), least(working); {
	case bareLeast && workLeast:
		return Holds, figure, true
	case bareLeast || workLeast:
		return Depends, "on whether the upstreams' work is in the request's way; " + figure, true
	}
	return Fails, figure, true
}

// window returns the impact of the fault that begins so.
func window(r result.Run, fault string) (result.Impact, bool) {
	for _, i := range r.Impacts {
		if len(i.Faults) == 1 && strings.HasPrefix(i.Faults[0], fault) {
			return i, true
		}
	}
	return result.Impact{}, false
}

var crashTakesAll = one(outages, "monolith", func(r result.Run) (Ruling, string) {
	i, _ := window(r, "A:outage")
	return holdsIf(i.ErrorRate.Low > 0.9), fmt.Sprintf("with A down %s of D's requests fail", percent(i.ErrorRate.Value))
})

var noDatabase = one(work, "sync", func(r result.Run) (Ruling, string) {
	return holdsIf(r.StorageBytes["D"] == 0), fmt.Sprintf("D stores %d bytes", r.StorageBytes["D"])
})

func outageOf(scenario string) func(Evidence) (Ruling, string, bool) {
	return one(outages, scenario, func(r result.Run) (Ruling, string) {
		least := 1.0
		var parts []string
		for _, service := range []string{"A", "B", "C"} {
			i, _ := window(r, service+":outage")
			least = min(least, i.ErrorRate.Low)
			parts = append(parts, fmt.Sprintf("%s down: %s", service, percent(i.ErrorRate.Value)))
		}
		figure := "of D's requests fail with " + strings.Join(parts, ", ")
		switch {
		case least > 0.9:
			return Holds, figure
		case least > 0.1:
			return Depends, "on the deadline: what is asked shortly before the outage ends is answered late; " + figure
		}
		return Fails, figure
	})
}

func anyFails(scenario string) func(Evidence) (Ruling, string, bool) {
	return one(aborts, scenario, func(r result.Run) (Ruling, string) {
		const expected = 1 - 0.9*0.9*0.9
		e := r.ErrorRate
		return holdsIf(e.Low <= expected && expected <= e.High),
			fmt.Sprintf("with 10 %% failing at each of three, %s of D's requests fail; 1 − 0.9³ is %s", percent(e.Value), percent(expected))
	})
}

func asFastAsSlowest(scenario string) func(Evidence) (Ruling, string, bool) {
	return one(uneven, scenario, func(r result.Run) (Ruling, string) {
		return holdsIf(r.Latency.Min >= slowest && r.Latency.P50 < 1.5*slowest),
			fmt.Sprintf("with calls of 5, 10 and 40 ms the fastest answer takes %s, the median %s", ms(r.Latency.Min), ms(r.Latency.P50))
	})
}

var deepLikeSync = one(deep, "async-request", func(r result.Run) (Ruling, string) {
	const expected = 1 - 0.95*0.95*0.95
	e := r.ErrorRate
	return holdsIf(e.Low <= expected && expected <= e.High && r.Latency.Min >= 0.015),
		fmt.Sprintf("three deep, 5 %% and 5 ms each: %s fail, the fastest takes %s", percent(e.Value), ms(r.Latency.Min))
})

var busIsDependency = one(outages, "async-request", func(r result.Run) (Ruling, string) {
	i, ok := window(r, "bus:outage")
	if !ok {
		return Fails, "there is no bus"
	}
	return holdsIf(i.ErrorRate.Low > i.BaselineErrorRate.High && i.ErrorRate.Value > 0.2), fmt.Sprintf("with the bus away for 1 s %s of D's requests fail", percent(i.ErrorRate.Value))
})

func movingParts(e Evidence) (Ruling, string, bool) {
	runs, ok := e.of(bare, "async-request", "sync")
	if !ok {
		return "", "", false
	}
	request, sync := runs[0], runs[1]
	return holdsIf(request.EventsPerRequest > 0), fmt.Sprintf("%.2g events a request over the bus, each two hops; CPU %.3g s per 1000 requests against %.3g of sync",
		request.EventsPerRequest, request.CPUSecondsPer1000, sync.CPUSecondsPer1000), true
}

var lostEvent = one(outages, "async-request", func(r result.Run) (Ruling, string) {
	i, _ := window(r, "bus:drop")
	const expected = 1 - 1.0/64 // six events, each of which arrives with a half
	return holdsIf(i.ErrorRate.Low <= expected && expected <= i.ErrorRate.High),
		fmt.Sprintf("with half of all events lost %s of D's requests fail; 1 − 0.5⁶ is %s", percent(i.ErrorRate.Value), percent(expected))
})

var noDependency = one(outages, "async-replicated", func(r result.Run) (Ruling, string) {
	return holdsIf(r.Requests.Failed == 0 && r.Requests.Sent > 0),
		fmt.Sprintf("%d of %d requests fail, with A, B, C and the bus away in turn", r.Requests.Failed, r.Requests.Sent)
})

func extremelyFast(e Evidence) (Ruling, string, bool) {
	runs, ok := e.of(work, "async-replicated", "sync")
	if !ok {
		return "", "", false
	}
	replicated, sync := runs[0].Latency, runs[1].Latency
	return holdsIf(10*replicated.P50 < sync.P50 && 10*replicated.P99 < sync.P99), fmt.Sprintf("p50 %s against %s (%.0f times), p99 %s against %s (%.0f times)",
		ms(replicated.P50), ms(sync.P50), sync.P50/replicated.P50, ms(replicated.P99), ms(sync.P99), sync.P99/replicated.P99), true
}

var duplicatedData = one(work, "async-replicated", func(r result.Run) (Ruling, string) {
	var owners int64
	for service, bytes := range r.StorageBytes {
		owners += bytes - r.CopyBytes[service]
	}
	return holdsIf(r.CopyBytes["D"] > 0), fmt.Sprintf("D stores %d bytes, the owners %d: %.2g times", r.CopyBytes["D"], owners, float64(r.CopyBytes["D"])/float64(max(owners, 1)))
})

func paysWithAge(e Evidence) (Ruling, string, bool) {
	calm, ok := e.of(work, "async-replicated")
	hit, ok2 := e.of(outages, "async-replicated")
	if !ok || !ok2 {
		return "", "", false
	}
	r := calm[0]
	i, _ := window(hit[0], "bus:outage")
	figure := fmt.Sprintf("%s stale, lag p50 %s, p99 %s; with the bus away for 1 s %s are stale, by up to %s",
		percent(r.StaleRate.Value), ms(r.ReplicationLag.P50), ms(r.ReplicationLag.P99), percent(i.StaleShare), ms(i.MaxStaleness))
	return holdsIf(r.Answers.Stale > 0 && i.StaleShare > 2*i.BaselineStaleShare), figure, true
}
