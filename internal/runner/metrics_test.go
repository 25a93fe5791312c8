package runner

import (
	"bufio"
	"context"
	"math"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/simnet"
	"crosstalk/internal/telemetry"
	"crosstalk/scenarios"
)

// samples are what a scrape shows of one scenario, by name and the labels that are
// not the run's: name{a=b,c=d}.
type samples map[string]float64

var label = regexp.MustCompile(`(\w+)="([^"]*)"`)

func scrape(t *testing.T, m *telemetry.Metrics) samples {
	t.Helper()
	response := httptest.NewRecorder()
	m.Handler().ServeHTTP(response, httptest.NewRequest("GET", telemetry.Path, nil))
	out := make(samples)
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		series, value, ok := strings.Cut(lines.Text(), "} ")
		name, labels, isOurs := strings.Cut(strings.TrimPrefix(series, "crosstalk_"), "{")
		if !ok || !isOurs || !strings.HasPrefix(series, "crosstalk_") || strings.HasSuffix(name, "_bucket") {
			continue
		}
		var kept []string
		for _, l := range label.FindAllStringSubmatch(labels, -1) {
			if l[1] != "scenario" && l[1] != "run" {
				kept = append(kept, l[1]+"="+l[2])
			}
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		out[name+"{"+strings.Join(kept, ",")+"}"] = n
	}
	return out
}

// check holds samples to be what is wanted; sums of durations to the nanosecond.
func (s samples) check(t *testing.T, want samples) {
	t.Helper()
	for id, value := range want {
		if got, ok := s[id]; !ok || math.Abs(got-value) > 1e-9 {
			t.Errorf("%s is %v (there: %t), want %v", id, got, ok, value)
		}
	}
}

// simulateShown carries out a whole run in a bubble, and scrapes it at a moment of
// its measured part and after its end.
func simulateShown(t *testing.T, scenario string, e *experiment.Experiment, at time.Duration) (run *result.Run, during, after samples) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		m := telemetry.New()
		s, _ := scenarios.ByName(scenario)
		scraped := make(chan struct{})
		go func() {
			defer close(scraped)
			time.Sleep(time.Second) // by then it has started
			begin := scrape(t, m)["driver_begin_timestamp_seconds{}"]
			time.Sleep(time.Until(time.UnixMilli(int64(begin * 1000)).Add(at)))
			during = scrape(t, m)
		}()
		var err error
		run, err = Run(context.Background(), s, e, dir, Options{
			Env:   fakesvc.Env{Listen: network.Listen, Dial: network.Dial},
			Pacer: load.Timer, Metrics: m,
		})
		if err != nil {
			t.Fatal(err)
		}
		<-scraped
		after = scrape(t, m)
	})
	return run, during, after
}

// 1,000 queries and 100 of warm-up, at the due time, with work of 10, 20 and 30 ms.
func TestMetricsOfARunAreExact(t *testing.T) {
	for _, scenario := range []string{"sync", "async-request", "monolith"} {
		t.Run(scenario, func(t *testing.T) {
			e := ask(t, "latency", "A=10ms,B=20ms,C=30ms")
			_, during, after := simulateShown(t, scenario, e, 5*time.Second+5*time.Millisecond)
			during.check(t, samples{
				"driver_rate_asked{}": 100, "driver_in_flight{}": 3, "driver_in_flight_limit{}": 10000,
				"driver_sent_total{}": 601, "driver_requests_total{code=OK}": 598,
				"replica_age_seconds{}": 0, "replica_unseen_changes{}": 0,
			})
			after.check(t, samples{
				"driver_requests_total{code=OK}":                                                                             1100,
				"driver_latency_seconds_sum{code=OK}":                                                                        33,
				"driver_service_time_seconds_sum{code=OK}":                                                                   33,
				"driver_lateness_seconds_sum{}":                                                                              0,
				"driver_answers_total{judgement=correct}":                                                                    1100,
				"driver_sent_total{}":                                                                                        1100,
				"driver_waited_total{}":                                                                                      0,
				"driver_unsent_total{reason=late}":                                                                           0,
				"driver_writes_total{result=acknowledged}":                                                                   100,
				"served_requests_total{code=OK,service=D}":                                                                   1100,
				"served_requests_total{code=OK,service=A}":                                                                   1100,
				"served_request_duration_seconds_sum{code=OK,service=A}":                                                     11,
				"served_request_duration_seconds_sum{code=OK,service=D}":                                                     33,
				"requests_total{code=OK,link=" + scenario + ",peer=B,service=D}":                                             1100,
				"request_duration_seconds_sum{code=OK,link=" + scenario + ",peer=A,service=D}":                               11,
				"request_duration_seconds_sum{code=OK,link=" + scenario + ",peer=B,service=D}":                               22,
				"request_duration_seconds_sum{code=OK,link=" + scenario + ",peer=C,service=D}":                               33,
				"fault_interactions_total{code=,kind=delay,service=" + host(scenario, "B") + ",target=B,window=}":            1000,
				"fault_delay_delivered_seconds_total{code=,kind=delay,service=" + host(scenario, "B") + ",target=B,window=}": 20,
			})
			if _, ok := after["driver_in_flight{}"]; ok {
				t.Error("a gauge outlived its run")
			}
			if scenario == "async-request" {
				during.check(t, samples{"bus_lag_events{service=D,topic=D.replies}": 0, "bus_lag_events{service=A,topic=A.queries}": 0})
				after.check(t, samples{
					"bus_wait_seconds_count{service=A,topic=A.queries}":                 1100,
					"bus_wait_seconds_sum{service=A,topic=A.queries}":                   0,
					"bus_wait_seconds_count{service=D,topic=D.replies}":                 3300,
					"bus_publish_duration_seconds_count{result=acknowledged,service=D}": 3300,
					"bus_published_events_total{service=D}":                             3000,
					"bus_published_events_total{service=A}":                             1000,
					"bus_late_replies_total{service=D}":                                 0,
				})
			}
		})
	}
}

// host is the process that a service is on.
func host(scenario, service string) string {
	if scenario == "monolith" {
		return "D"
	}
	return service
}

// While consumers are stalled, what they lag behind is seen where it is: on the
// topics, and in the age of the copies.
func TestMetricsOfAStall(t *testing.T) {
	e := ask(t, "latency", "none", "write-rate", "30", "fault", "bus:stall@2s+2s")
	_, during, after := simulateShown(t, "async-replicated", e, 3*time.Second+time.Millisecond)
	var behind float64
	for _, owner := range []string{"A", "B", "C"} {
		behind += during["bus_lag_events{service=D,topic="+owner+".changes}"]
	}
	if unseen := during["replica_unseen_changes{}"]; unseen < 29 || unseen > 31 || behind != unseen {
		t.Errorf("after 1 s of 30 writes a second %v changes are unseen, and %v events are not handled", unseen, behind)
	}
	if age := during["replica_age_seconds{}"]; age < 0.95 || age > 1.001 {
		t.Errorf("the oldest has been there for %v s", age)
	}
	during.check(t, samples{"fault_active{code=,kind=stall,service=D,target=bus,window=2s+2s}": 1})
	after.check(t, samples{
		"driver_replica_lag_seconds_count{}":                                           330, // of 300 writes, and 30 of the warm-up
		"request_duration_seconds_sum{code=OK,link=async-replicated,peer=A,service=D}": 0,
	})
	var shown float64
	for _, owner := range []string{"A", "B", "C"} {
		shown += after["replica_lag_seconds_count{peer="+owner+",service=D}"]
	}
	if shown != 330 { // those among them that others of their key followed at once
		t.Errorf("the copies have stored %v changes, not 330", shown)
	}
}

// A worker is busy for 50 ms, and one of 40 queries comes every 10 ms.
func TestMetricsOfPoliciesAndWorkers(t *testing.T) {
	e := ask(t, "latency", "A=50ms", "workers", "A=1,queue=2", "policy", "breaker=50%/20/5s", "write-rate", "0")
	run, during, after := simulateShown(t, "sync", e, 4*time.Second)
	during.check(t, samples{
		"workers_limit{service=A}": 1, "workers_queue_limit{service=A}": 2,
		"breaker_state{peer=A,service=D,state=open}": 1, "breaker_state{peer=A,service=D,state=closed}": 0,
	})
	p, c := run.Policies[0], run.Capacities[0]
	after.check(t, samples{
		"policy_calls_total{peer=A,service=D}": float64(p.Calls), "policy_tries_total{peer=A,service=D}": float64(p.Tries),
		"policy_refused_total{peer=A,service=D}": float64(p.Refused), "policy_failed_total{peer=A,service=D}": float64(p.Failed),
		"workers_arrived_total{service=A}": float64(c.Arrived), "workers_refused_total{service=A}": float64(c.Refused),
	})
	if p.Refused == 0 {
		t.Error("the breaker refused nothing")
	}
}

// The values of labels are of the experiment, however long the run: no key, no id,
// no address, no text of an error.
func TestLabelsAreBounded(t *testing.T) {
	words := []string{
		"", "A", "B", "C", "D", "bus", "delay", "abort", "hang", "outage", "1s+1s", "2s+500ms",
		"OK", "UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL",
		"correct", "stale", "backwards", "missing", "corrupt", "window", "late",
		"acknowledged", "failed", "unsent", "closed", "half-open", "open",
		"A.queries", "B.queries", "C.queries", "D.replies", "A.changes", "B.changes", "C.changes",
	}
	for _, s := range scenarios.All() {
		t.Run(s.Name, func(t *testing.T) {
			e := ask(t, "latency", "lognormal(5ms,50ms)", "fail-rate", "A=20%", "hang-rate", "B=5%", "timeout", "200ms",
				"fault", "C:outage@1s+1s", "policy", "retry=1 breaker=50%/20/1s", "duration", "4s")
			_, during, after := simulateShown(t, s.Name, e, 2*time.Second)
			for id := range merged(during, after) {
				name, labels, _ := strings.Cut(id, "{")
				if name == "build_info" {
					continue
				}
				for part := range strings.SplitSeq(strings.TrimSuffix(labels, "}"), ",") {
					_, value, _ := strings.Cut(part, "=")
					if value != s.Name && !slices.Contains(words, value) {
						t.Errorf("%s: what is %q?", id, value)
					}
				}
			}
		})
	}
}

func merged(all ...samples) samples {
	out := make(samples)
	for _, s := range all {
		for id, value := range s {
			out[id] = value
		}
	}
	return out
}

// A run with metrics is the same run.
func TestMetricsChangeNothing(t *testing.T) {
	e := ask(t, "latency", "lognormal(5ms,50ms)", "fail-rate", "5%", "duration", "3s")
	for _, scenario := range []string{"sync", "async-replicated"} {
		without, _, err := simulate(t, scenario, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		with, _, _ := simulateShown(t, scenario, e, time.Second)
		if with.Requests != without.Requests || with.Latency != without.Latency || with.Answers != without.Answers {
			t.Errorf("%s: %+v, %+v with metrics, %+v, %+v without", scenario, with.Requests, with.Latency, without.Requests, without.Latency)
		}
	}
}
