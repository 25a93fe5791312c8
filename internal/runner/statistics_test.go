package runner

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/counts"
	"crosstalk/internal/result"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// Two copies of D spend as long on a query as one.
func TestStagesOfCopiesAreOne(t *testing.T) {
	told := counts.Process{Stages: []counts.Stage{{Service: "D", Name: "call", Queries: 100, Seconds: 1}}}
	var sum counts.Process
	sum.Add(told)
	sum.Add(told)
	got := stages(&result.Run{}, "D", sum.Stages)
	if len(got) != 3 || got[2].Mean != 0.01 {
		t.Errorf("stages %v: want one of 10 ms behind the two of the driver", got)
	}
}

// A request's way is how late it was sent, what the entry tells of, and the call to the
// entry and back, which is the rest.
func TestStagesAddUp(t *testing.T) {
	run := &result.Run{Latency: result.Quantiles{Mean: 1.75}, ServiceTime: result.Quantiles{Mean: 1.5}}
	told := []counts.Stage{
		{Service: "D", Name: "own work", Queries: 4, Seconds: 1}, {Service: "A", Name: "own work", Queries: 1, Seconds: 9},
		{Service: "D", Name: "look-up in its copy", Queries: 4, Seconds: 2}, {Service: "D", Name: "call", Queries: 0},
		{Service: "D", Name: "reply", Queries: 2, Seconds: 1},
	}
	want := []result.Stage{
		{Name: "schedule lateness", Mean: 0.25}, {Name: "call to D", Mean: 0.25}, {Name: "D's own work", Mean: 0.25}, {Name: "look-up in D's copy", Mean: 0.5}, {Name: "reply", Mean: 0.5},
	}
	if got := stages(run, "D", told); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	run.Latency.Mean, run.ServiceTime.Mean = 1, 1.125 // of other samples: none is below 0
	if got := stages(run, "D", told); got[0].Mean != 0 || got[1].Mean != 0 {
		t.Errorf("%+v", got)
	}
	if got := stages(run, "E", told); got != nil {
		t.Errorf("of an entry that tells nothing: %+v", got)
	}
}

// A run has the stages of its requests, which add up to their latency; where nothing
// happens, it warns of nothing.
func TestStagesOfARun(t *testing.T) {
	out, _, err := simulate(t, "sync", ask(t, "latency", "A=20ms,B=none,C=none", "duration", "2s", "warmup", "0s"), nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, s := range out.Stages {
		sum += s.Mean
		if s.Name == "supplier's work" && math.Abs(s.Mean-0.02) > 1e-9 {
			t.Errorf("%+v", s)
		}
	}
	if len(out.Warnings) != 0 {
		t.Errorf("%q", out.Warnings)
	}
	if sum < 0.02 || math.Abs(sum-out.Latency.Mean) > 1e-4 {
		t.Errorf("the stages %+v add up to %v s, the latency is %v", out.Stages, sum, out.Latency.Mean)
	}
}

// teller is a control that tells what it has counted, or why not.
type teller struct {
	fakesvcpb.ControlClient
	told counts.Process
	err  error
}

func (c teller) Statistics(_ context.Context, r *fakesvcpb.StatisticsRequest, _ ...grpc.CallOption) (*fakesvcpb.StatisticsResponse, error) {
	if !r.GetLast() {
		return nil, errors.New("these are not the last ones")
	}
	if c.err != nil {
		return nil, c.err
	}
	text, err := json.Marshal(c.told)
	return &fakesvcpb.StatisticsResponse{Process: text}, err
}

func tellers(names []string, all ...teller) *nodes {
	n := &nodes{}
	copies := make(map[string]int)
	for i, c := range all {
		n.controls = append(n.controls, &control{
			Control: scenarios.Control{Process: scenarios.Process{Name: names[i]}}, copy: copies[names[i]], client: &fakesvc.ControlClient{ControlClient: c},
		})
		copies[names[i]]++
	}
	return n
}

// All processes are added up, those that were there before as well; a database that two
// share is told of once. Who tells nothing is named, unless it has told something before.
func TestStatisticsOfAllProcesses(t *testing.T) {
	one := counts.Process{Collections: []counts.Collection{{Service: "A", Owner: "A", Bytes: 100}}, Unsettled: "x"}
	one.Events, one.LateReplies = 10, 1
	n := tellers([]string{"A", "A", "B", "C"}, teller{told: one}, teller{told: one}, teller{err: status.Error(codes.Unavailable, "away")}, teller{err: status.Error(codes.Unavailable, "gone")})
	n.controls[1].shares = true
	n.controls[2].earlier = []counts.Process{one, one}
	sum, missing := n.statistics(t.Context())
	if missing == nil || missing.Error() != "the statistics of C are missing: gone" {
		t.Errorf("missing: %v", missing)
	}
	bytes := int64(0)
	for _, c := range sum.Collections {
		bytes += c.Bytes
	}
	if sum.Events != 40 || sum.LateReplies != 4 || bytes != 300 || sum.Unsettled != "A: x; A/1: x; B: x; B: x" {
		t.Errorf("%+v", sum)
	}
	if _, missing := tellers([]string{"A"}, teller{told: one}).statistics(t.Context()); missing != nil {
		t.Errorf("nothing is missing: %v", missing)
	}
}

// Each process has what it took, over all of its starts, and the driver comes first.
func TestProcessesOfARun(t *testing.T) {
	took := func(cpu float64, bytes int64, served ...int64) counts.Process {
		return counts.Process{Usage: &counts.Usage{CPUSeconds: cpu, MaxResidentBytes: bytes}, Served: []counts.Served{{BySecond: served}}}
	}
	n := tellers([]string{"A", "A", "B"}, teller{}, teller{}, teller{})
	n.controls[0].earlier = []counts.Process{took(1, 500, 1, 2), took(0.5, 400, 0, 1, 3)}
	n.controls[1].earlier = []counts.Process{took(0.25, 100)}
	got := n.processes(2*time.Second, 500)
	if len(got) != 3 || got[0].Name != "driver" || got[0].Starts != 1 || got[0].CPUSecondsPer1000 != 4 || got[0].MaxResidentBytes == 0 {
		t.Fatalf("%+v", got)
	}
	if a := got[1]; a.Name != "A" || a.Starts != 2 || a.CPUSecondsPer1000 != 3 || a.MaxResidentBytes != 500 || !slices.Equal(a.Served, []int64{1, 3, 3}) {
		t.Errorf("%+v", a)
	}
	if a := got[2]; a.Name != "A/1" || a.Starts != 1 || a.CPUSecondsPer1000 != 0.5 || a.MaxResidentBytes != 100 || a.Served != nil {
		t.Errorf("%+v", a)
	}
	n.controls[1].earlier = []counts.Process{{}} // it is this process
	if got := n.processes(time.Second, 0); got != nil {
		t.Errorf("in one process: %+v", got)
	}
	if got := tellers([]string{"A"}, teller{}).processes(time.Second, 1); got != nil {
		t.Errorf("of nobody: %+v", got)
	}
}

// What a run cost: bytes of owners and of copies apart, events and CPU time a request, of
// all processes where there are several, and of none that is not known.
func TestCosts(t *testing.T) {
	told := counts.Process{Collections: []counts.Collection{{Service: "A", Owner: "A", Bytes: 100}, {Service: "D", Owner: "A", Bytes: 30}, {Service: "D", Owner: "B", Bytes: 20}}}
	child := counts.Process{Usage: &counts.Usage{CPUSeconds: 3}}
	for name, c := range map[string]struct {
		sent   int64
		shared bool
		told   []counts.Process // by another process
		own    []string
		cpu    float64
		events float64
		memory bool
		others bool
	}{
		"in one process":        {4, false, nil, nil, 500, 1.5, true, false},
		"beside others":         {4, true, nil, nil, 0, 1.5, false, false},
		"of nothing":            {0, false, nil, nil, 0, 0, true, false},
		"in several":            {4, false, []counts.Process{child}, nil, 1250, 1.5, true, true},
		"with a service of own": {4, false, []counts.Process{child}, []string{"D"}, 0, 1.5, true, true},
	} {
		r := &run{options: Options{Shared: c.shared}, cpu: cpuMeter{used: 2 * time.Second}, topology: &topology.Topology{Own: c.own}, nodes: tellers([]string{"A"}, teller{})}
		r.nodes.controls[0].earlier = c.told
		out := &result.Run{Requests: result.Requests{Sent: c.sent}, StorageBytes: make(map[string]int64), CopyBytes: make(map[string]int64)}
		out.Events = 6
		r.fillCosts(out, told)
		if !maps.Equal(out.StorageBytes, map[string]int64{"A": 100, "D": 50}) || !maps.Equal(out.CopyBytes, map[string]int64{"D": 50}) {
			t.Errorf("%s: bytes %v, copies %v", name, out.StorageBytes, out.CopyBytes)
		}
		if out.CPUSecondsPer1000 != c.cpu || out.EventsPerRequest != c.events || (out.MaxResidentBytes > 0) != c.memory || (out.Processes != nil) != c.others {
			t.Errorf("%s: %v CPU s, %v events, %d bytes, %+v", name, out.CPUSecondsPer1000, out.EventsPerRequest, out.MaxResidentBytes, out.Processes)
		}
	}
}

// The environment of a run names its bus and its databases, but those that are others'.
func TestEnvironmentOfARun(t *testing.T) {
	trip := &result.RoundTrip{}
	for name, c := range map[string]struct {
		scenario, bus, placement string
		settings                 []string
		kind                     topology.Kind
		stores                   map[string]string
		trip                     *result.RoundTrip
	}{
		"sync":             {"sync", "none", "", nil, topology.InProcess, map[string]string{"A": "memory", "B": "memory", "D": "sqlite"}, nil},
		"async-replicated": {"async-replicated", "embedded", "process", nil, topology.Children, map[string]string{"A": "memory", "B": "memory", "D": "sqlite"}, nil},
		"on Kafka":         {"async-request", "127.0.0.1:9092", "", []string{"kafka", "127.0.0.1:9092"}, topology.InProcess, map[string]string{"A": "memory", "B": "memory", "D": "sqlite"}, trip},
		"monolith":         {"monolith", "none", "", nil, topology.InProcess, map[string]string{"monolith": "sqlite"}, nil},
	} {
		s, _ := scenarios.ByName(c.scenario)
		r := &run{scenario: s, experiment: ask(t, append([]string{"store", "A=memory,B=memory,C=memory,D=sqlite"}, c.settings...)...), distance: trip, topology: &topology.Topology{Kind: c.kind, Own: []string{"C"}}, instrument: &result.Instrument{}}
		got := r.environment()
		if got.Bus != c.bus || got.BusRoundTrip != c.trip || got.Placement != c.placement || !maps.Equal(got.Stores, c.stores) || got.Instrument != r.instrument {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
