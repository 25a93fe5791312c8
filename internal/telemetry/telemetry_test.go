package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/counts"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
)

func TestCallsAreCountedAndTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New()
		r := m.Run("sync", "r")
		c := r.Needs("D", "A", "sync")
		for _, err := range []error{nil, nil, status.Error(codes.Unavailable, "A fails"), status.Error(99, "?"), errors.New("no status")} {
			begun := c.Begin()
			time.Sleep(250 * time.Millisecond)
			c.End(begun, err)
		}
		s := r.Serves("A")
		s.End(s.Begin(), nil)
		checkValues(t, values(t, m), map[string]float64{
			"requests_total{code=OK,link=sync,peer=A,run=r,scenario=sync,service=D}":                 2,
			"requests_total{code=UNAVAILABLE,link=sync,peer=A,run=r,scenario=sync,service=D}":        1,
			"requests_total{code=UNKNOWN,link=sync,peer=A,run=r,scenario=sync,service=D}":            2,
			"request_duration_seconds_count{code=OK,link=sync,peer=A,run=r,scenario=sync,service=D}": 2,
			"request_duration_seconds_sum{code=OK,link=sync,peer=A,run=r,scenario=sync,service=D}":   0.5,
			"served_requests_total{code=OK,run=r,scenario=sync,service=A}":                           1,
			"served_request_duration_seconds_sum{code=OK,run=r,scenario=sync,service=A}":             0,
		})
	})
}

func TestDriverIsShown(t *testing.T) {
	m := New()
	d := m.Run("sync", "r").Driver("unjudged", "correct", "stale")
	d.Add(Answer{Due: 1 * time.Second, Sent: 1250 * time.Millisecond, Done: 2 * time.Second, Judgement: 2, Stale: true, Staleness: 3 * time.Second})
	d.Add(Answer{Due: 2 * time.Second, Sent: 2 * time.Second, Done: 2500 * time.Millisecond, Judgement: 1})
	d.Add(Answer{Due: 3 * time.Second, Sent: 3 * time.Second, Done: 4 * time.Second, Code: codes.DeadlineExceeded})
	d.Lag(500 * time.Millisecond)
	d.Lag(-time.Second)
	got := values(t, m)
	checkValues(t, got, map[string]float64{
		"driver_requests_total{code=OK,run=r,scenario=sync}":                1 + 1,
		"driver_requests_total{code=DEADLINE_EXCEEDED,run=r,scenario=sync}": 1,
		"driver_latency_seconds_sum{code=OK,run=r,scenario=sync}":           1.5,
		"driver_service_time_seconds_sum{code=OK,run=r,scenario=sync}":      1.25,
		"driver_lateness_seconds_sum{run=r,scenario=sync}":                  0.25,
		"driver_lateness_seconds_count{run=r,scenario=sync}":                3,
		"driver_staleness_seconds_count{run=r,scenario=sync}":               1,
		"driver_staleness_seconds_sum{run=r,scenario=sync}":                 3,
		"driver_replica_lag_seconds_count{run=r,scenario=sync}":             2,
		"driver_replica_lag_seconds_sum{run=r,scenario=sync}":               0.5,
		"driver_answers_total{judgement=stale,run=r,scenario=sync}":         1,
		"driver_answers_total{judgement=correct,run=r,scenario=sync}":       1,
	})
	if _, ok := got["driver_answers_total{judgement=unjudged,run=r,scenario=sync}"]; ok {
		t.Error("a failed query was counted as an answer")
	}
}

// What is read, is read at each scrape; once the run has ended its counters stay
// as they were, and what was so only at a moment is gone.
func TestReading(t *testing.T) {
	m := New()
	r := m.Run("async-request", "r")
	arrived := int64(0)
	r.ReadProcess(func(context.Context) counts.Process {
		arrived++
		return counts.Process{
			Service: "D", OnBus: true, Topics: []counts.Topic{{Name: "D.replies", Behind: 4}},
			Counts: counts.Counts{
				Bus:        counts.Bus{Events: 7, LateReplies: 1, DeadLetters: 2, LostChanges: 3, LogLosses: 5},
				Capacities: []counts.Capacity{{Service: "D", Workers: 8, Queue: 50, Waiting: 5, Arrived: arrived, Refused: 2, Queued: 3, WaitedSeconds: 1.5}},
				Policies: []counts.Policy{
					{Consumer: "D", Need: "A", Statistic: policy.Statistic{Calls: 10, Tries: 14, Retries: 3, Hedges: 1, Saved: 2, Failed: 1, Cancelled: 7, Refused: 6, OverBudget: 5, Fallbacks: 4}, Breaker: "half-open"},
					{Consumer: "D", Need: "B"},
				},
			},
		}
	})
	r.ReadLoad(func() Load {
		return Load{
			RateAsked: 500, Begin: time.Unix(1000, 0), InFlight: 3, Limit: 100, Sent: 12, Waited: 1, Unsent: 2, Unoffered: 4,
			WritesAcknowledged: 5, WritesFailed: 6, WritesUnsent: 7, Unseen: 8, Age: 2500 * time.Millisecond,
		}
	})
	counters := map[string]float64{
		"bus_published_events_total{run=r,scenario=async-request,service=D}":      7,
		"bus_late_replies_total{run=r,scenario=async-request,service=D}":          1,
		"bus_dead_letters_total{run=r,scenario=async-request,service=D}":          2,
		"bus_lost_changes_total{run=r,scenario=async-request,service=D}":          3,
		"bus_log_losses_total{run=r,scenario=async-request,service=D}":            5,
		"workers_refused_total{run=r,scenario=async-request,service=D}":           2,
		"workers_queued_total{run=r,scenario=async-request,service=D}":            3,
		"workers_waited_seconds_total{run=r,scenario=async-request,service=D}":    1.5,
		"policy_calls_total{peer=A,run=r,scenario=async-request,service=D}":       10,
		"policy_tries_total{peer=A,run=r,scenario=async-request,service=D}":       14,
		"policy_retries_total{peer=A,run=r,scenario=async-request,service=D}":     3,
		"policy_hedges_total{peer=A,run=r,scenario=async-request,service=D}":      1,
		"policy_saved_total{peer=A,run=r,scenario=async-request,service=D}":       2,
		"policy_failed_total{peer=A,run=r,scenario=async-request,service=D}":      1,
		"policy_cancelled_total{peer=A,run=r,scenario=async-request,service=D}":   7,
		"policy_refused_total{peer=A,run=r,scenario=async-request,service=D}":     6,
		"policy_over_budget_total{peer=A,run=r,scenario=async-request,service=D}": 5,
		"policy_fallbacks_total{peer=A,run=r,scenario=async-request,service=D}":   4,
		"driver_sent_total{run=r,scenario=async-request}":                         12,
		"driver_waited_total{run=r,scenario=async-request}":                       1,
		"driver_unsent_total{reason=window,run=r,scenario=async-request}":         2,
		"driver_unsent_total{reason=late,run=r,scenario=async-request}":           4,
		"driver_writes_total{result=acknowledged,run=r,scenario=async-request}":   5,
		"driver_writes_total{result=failed,run=r,scenario=async-request}":         6,
		"driver_writes_total{result=unsent,run=r,scenario=async-request}":         7,
	}
	gauges := map[string]float64{
		"bus_lag_events{run=r,scenario=async-request,service=D,topic=D.replies}":       4,
		"workers_limit{run=r,scenario=async-request,service=D}":                        8,
		"workers_queue_limit{run=r,scenario=async-request,service=D}":                  50,
		"workers_waiting{run=r,scenario=async-request,service=D}":                      5,
		"breaker_state{peer=A,run=r,scenario=async-request,service=D,state=closed}":    0,
		"breaker_state{peer=A,run=r,scenario=async-request,service=D,state=half-open}": 1,
		"breaker_state{peer=A,run=r,scenario=async-request,service=D,state=open}":      0,
		"driver_rate_asked{run=r,scenario=async-request}":                              500,
		"driver_begin_timestamp_seconds{run=r,scenario=async-request}":                 1000,
		"driver_in_flight{run=r,scenario=async-request}":                               3,
		"driver_in_flight_limit{run=r,scenario=async-request}":                         100,
		"replica_unseen_changes{run=r,scenario=async-request}":                         8,
		"replica_age_seconds{run=r,scenario=async-request}":                            2.5,
	}
	got := values(t, m)
	checkValues(t, got, counters)
	checkValues(t, got, gauges)
	checkValues(t, got, map[string]float64{"workers_arrived_total{run=r,scenario=async-request,service=D}": 1})
	if _, ok := got["breaker_state{peer=B,run=r,scenario=async-request,service=D,state=open}"]; ok {
		t.Error("a need without a breaker has one")
	}
	checkValues(t, values(t, m), map[string]float64{"workers_arrived_total{run=r,scenario=async-request,service=D}": 2})

	r.End() // reads for the last time
	r.End()
	got = values(t, m)
	checkValues(t, got, counters)
	checkValues(t, got, map[string]float64{"workers_arrived_total{run=r,scenario=async-request,service=D}": 3})
	for id := range gauges {
		if _, ok := got[id]; ok {
			t.Errorf("%s is there after the end", id)
		}
	}
}

// A node is again what it was started as after each run of a driver: the runs of one
// name count on, and whoever scrapes gets all of it each time.
func TestRunsOfTheSameName(t *testing.T) {
	m := New()
	for n := 1; n <= 20; n++ {
		for _, name := range []string{"crosstalk", fmt.Sprintf("results-%d", n)} {
			r := m.Run("sync", name)
			useAll(r)
			r.ReadLoad(func() Load { return Load{Sent: 3, InFlight: int64(n)} })
			got := values(t, m)
			checkValues(t, got, map[string]float64{
				"driver_sent_total{run=crosstalk,scenario=sync}":                float64(3 * n),
				"driver_in_flight{run=" + name + ",scenario=sync}":              float64(n),
				"driver_requests_total{code=OK,run=" + name + ",scenario=sync}": map[bool]float64{true: float64(n), false: 1}[name == "crosstalk"],
			})
			r.End()
			checkValues(t, values(t, m), map[string]float64{"driver_sent_total{run=crosstalk,scenario=sync}": float64(3 * n)})
		}
	}
	if len(m.runs) != 0 {
		t.Errorf("%d runs are kept that have ended", len(m.runs))
	}
}

func TestFaultsAskedAndDelivered(t *testing.T) {
	m := New()
	r := m.Run("sync", "r")
	window := fault.Window{Start: time.Second, Length: 2 * time.Second}
	r.ReadProcess(func(context.Context) counts.Process {
		slow := counts.FaultOf("D", fault.Statistic{Kind: fault.Slow, Window: window, Asked: 3})
		slow.Acts = true
		outage := counts.FaultOf("D", fault.Statistic{Kind: fault.Outage, Window: window})
		outage.DeliveredWindow = &counts.Window{StartSeconds: 1, LengthSeconds: 2.5}
		return counts.Process{Service: "D", Counts: counts.Counts{Faults: []counts.Fault{
			// The collections of one database have a boundary each.
			counts.FaultOf("D.store", fault.Statistic{Kind: fault.Abort, Code: "INTERNAL", Asked: 0.5, Interactions: 10, Delivered: 4}),
			counts.FaultOf("D.store", fault.Statistic{Kind: fault.Abort, Code: "INTERNAL", Asked: 0.5, Interactions: 20, Delivered: 11}),
			counts.FaultOf("D", fault.Statistic{Kind: fault.Delay, Interactions: 3, Delivered: 2, MeanAsked: time.Second, MeanDelivered: 1250 * time.Millisecond}),
			slow, outage,
		}}}
	})
	got := values(t, m)
	checkValues(t, got, map[string]float64{
		"fault_asked_ratio{code=INTERNAL,kind=abort,run=r,scenario=sync,service=D,target=D.store,window=}":        0.5,
		"fault_interactions_total{code=INTERNAL,kind=abort,run=r,scenario=sync,service=D,target=D.store,window=}": 30,
		"fault_delivered_total{code=INTERNAL,kind=abort,run=r,scenario=sync,service=D,target=D.store,window=}":    15,
		"fault_delay_asked_seconds_total{code=,kind=delay,run=r,scenario=sync,service=D,target=D,window=}":        2,
		"fault_delay_delivered_seconds_total{code=,kind=delay,run=r,scenario=sync,service=D,target=D,window=}":    2.5,
		"fault_slow_factor{code=,kind=slow,run=r,scenario=sync,service=D,target=D,window=1s+2s}":                  3,
		"fault_active{code=,kind=slow,run=r,scenario=sync,service=D,target=D,window=1s+2s}":                       1,
		"fault_active{code=,kind=outage,run=r,scenario=sync,service=D,target=D,window=1s+2s}":                     0,
		"fault_window_asked_seconds{code=,kind=outage,run=r,scenario=sync,service=D,target=D,window=1s+2s}":       2,
		"fault_window_delivered_seconds{code=,kind=outage,run=r,scenario=sync,service=D,target=D,window=1s+2s}":   2.5,
	})
	for id := range got {
		if strings.HasPrefix(id, "fault_active{code=INTERNAL") || strings.HasPrefix(id, "fault_asked_ratio{code=,kind=outage") {
			t.Errorf("%s is there", id)
		}
	}
}

// Both kinds of buckets are in one histogram: who scrapes decides.
func TestHistogramsAreClassicAndNative(t *testing.T) {
	m := New()
	m.Run("sync", "r").BusWait("D", "D.replies").Observe(20 * time.Millisecond)
	for _, f := range gather(t, m) {
		if f.GetName() != busWait.Name {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		if len(h.GetBucket()) != len(buckets) || h.Schema == nil || len(h.GetPositiveSpan()) != 1 {
			t.Errorf("%v", h)
		}
		if f.GetMetric()[0].GetHistogram().GetBucket()[6].GetCumulativeCount() != 0 || h.GetBucket()[7].GetCumulativeCount() != 1 {
			t.Errorf("20 ms are not above 10 and within 25: %v", h.GetBucket())
		}
		return
	}
	t.Error("it is not there")
}

// Where metrics are off, all that they give takes what it is told.
func TestOff(t *testing.T) {
	var m *Metrics
	r := m.Run("sync", "r")
	useAll(r)
	r.End()
	if r != nil {
		t.Error("off, there is a run")
	}
	c := r.Needs("D", "A", "sync")
	if n := testing.AllocsPerRun(100, func() { c.End(c.Begin(), nil) }); n != 0 {
		t.Errorf("off, a call allocates %v times", n)
	}
}

// useAll tells everything there is to tell.
func useAll(r *Run) {
	c, s, p, d := r.Needs("D", "A", "sync"), r.Serves("D"), r.Publishing("D"), r.Driver("unjudged", "correct")
	c.End(c.Begin(), nil)
	s.End(s.Begin(), nil)
	p.End(p.Begin(), nil)
	p.End(p.Begin(), errors.New("the bus is away"))
	r.BusWait("D", "D.replies").Observe(time.Millisecond)
	r.ReplicaLag("D", "A").Observe(time.Millisecond)
	d.Add(Answer{Judgement: 1, Stale: true})
	d.Lag(time.Millisecond)
	r.ReadLoad(func() Load { return Load{} })
	r.ReadProcess(func(context.Context) counts.Process {
		return counts.Process{
			Service: "D", OnBus: true, Topics: []counts.Topic{{Name: "D.replies"}},
			Counts: counts.Counts{
				Capacities: []counts.Capacity{{Service: "D"}},
				Policies:   []counts.Policy{{Consumer: "D", Need: "A", Breaker: "closed"}},
				Faults: []counts.Fault{
					counts.FaultOf("A", fault.Statistic{Kind: fault.Abort}),
					counts.FaultOf("A", fault.Statistic{Kind: fault.Delay}),
					counts.FaultOf("A", fault.Statistic{Kind: fault.Slow, Window: fault.Window{Length: 1}}),
					counts.FaultOf("A", fault.Statistic{Kind: fault.Outage, Window: fault.Window{Length: 1}}),
				},
			},
		}
	})
}

// Every family that is declared is shown once there is something to show, with the
// labels that it is declared with, and no other is; and the linter of Prometheus
// finds nothing.
func TestFamiliesAreWhatIsShown(t *testing.T) {
	m := New()
	useAll(m.Run("sync", "r"))
	declared := make(map[string]Family)
	for _, f := range Families() {
		declared[f.Name] = f
	}
	for _, shown := range gather(t, m) {
		f, ok := declared[shown.GetName()]
		if !ok {
			t.Errorf("%s is not among the families", shown.GetName())
			continue
		}
		delete(declared, f.Name)
		if kind := strings.ToLower(shown.GetType().String()); kind != string(f.Type) || shown.GetHelp() != f.Help {
			t.Errorf("%s is a %s: %s", f.Name, kind, shown.GetHelp())
		}
		if got := len(shown.GetMetric()[0].GetLabel()); got != len(f.Labels) {
			t.Errorf("%s has %d labels, not %v", f.Name, got, f.Labels)
		}
	}
	for name := range declared {
		t.Errorf("%s is never shown", name)
	}
	problems, err := promlint.NewWithMetricFamilies(gather(t, m)).Lint()
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}

func TestServeEndsWhenClosed(t *testing.T) {
	m := New()
	useAll(m.Run("sync", "r"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := m.Serve(listener)
	response, err := http.Get("http://" + listener.Addr().String() + Path)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), "\ncrosstalk_build_info{") {
		t.Errorf("%s, %v: %.300s", response.Status, err, body)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + listener.Addr().String() + Path); err == nil {
		t.Error("it still serves")
	}
}
