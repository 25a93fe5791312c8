package counts

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/tracing"
)

// full has a value in each field that adds up.
func full() Process {
	return Process{
		Service: "D",
		Counts: Counts{
			Faults: []Fault{{
				Target: "A", Kind: fault.Delay, Asked: 1, Interactions: 10, Injected: 5, AskedSeconds: 5, DeliveredSeconds: 10,
				Window: &Window{5, 1}, DeliveredWindow: &Window{5, 1},
			}},
			Policies: []Policy{{Consumer: "D", Need: "A", Statistic: policy.Statistic{
				Calls: 10, Tries: 15, Retries: 3, Hedges: 2, Saved: 1, Failed: 4, Cancelled: 6, Refused: 7, OverBudget: 8, Fallbacks: 9,
				Failures: policy.ByCode{codes.Unavailable: 4},
			}}},
			Capacities: []Capacity{{Service: "D", Workers: 4, Queue: 8, Arrived: 7, Refused: 1, Queued: 2, LongestQueue: 3, WaitedSeconds: 1}},
			Bootstraps: []Bootstrap{{Service: "D", Owner: "A", Events: 10, Bytes: 20, Took: 0.5}},
			Bus:        Bus{Events: 1, LateReplies: 2, DeadLetters: 3, LostChanges: 4, LogLosses: 5},
		},
		Stages:      []Stage{{Service: "D", Name: "call", Queries: 100, Seconds: 1}},
		Collections: []Collection{{Service: "D", Owner: "A", Bytes: 100}},
		Served:      []Served{{Service: "D", BySecond: []int64{1}}},
		Usage:       &Usage{CPUSeconds: 1, MaxResidentBytes: 2},
		Attached:    1, Unsettled: "one event",
		Spans: tracing.Exported{Spans: 10, Lost: 1, Why: "away"},
	}
}

// What a process told before it was started again and what it told after, or what two
// instances told, is one row each. Bounds, the longest queue and windows do not add.
func TestAdd(t *testing.T) {
	var got Process
	got.Add(full())
	got.Add(full())
	want := full()
	want.Service, want.Served, want.Usage, want.Unsettled = "", nil, nil, ""
	f, p, c := &want.Faults[0], &want.Policies[0], &want.Capacities[0]
	f.Interactions, f.Injected, f.AskedSeconds, f.DeliveredSeconds = 20, 10, 10, 20
	p.Statistic = policy.Statistic{
		Calls: 20, Tries: 30, Retries: 6, Hedges: 4, Saved: 2, Failed: 8, Cancelled: 12, Refused: 14, OverBudget: 16, Fallbacks: 18,
		Failures: policy.ByCode{codes.Unavailable: 8},
	}
	c.Arrived, c.Refused, c.Queued, c.WaitedSeconds = 14, 2, 4, 2
	want.Bootstraps = append(want.Bootstraps, want.Bootstraps[0])
	want.Bus = Bus{Events: 2, LateReplies: 4, DeadLetters: 6, LostChanges: 8, LogLosses: 10}
	want.Stages[0].Queries, want.Stages[0].Seconds = 200, 2
	want.Collections = append(want.Collections, want.Collections[0])
	want.Attached, want.Spans = 2, tracing.Exported{Spans: 20, Lost: 2, Why: "away"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A field that is new has to be thought of in full, and so in TestAdd.
func TestEachFieldIsInTheTest(t *testing.T) {
	derived := map[string]bool{"Delivered": true, "Low": true, "High": true, "MeanAskedSeconds": true, "MeanDeliveredSeconds": true,
		"Amplification": true, "MeanWait": true, "Code": true, "Acts": true, "Breaker": true, "Waiting": true, "OnBus": true, "Topics": true}
	var each func(v reflect.Value)
	each = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			each(v.Elem())
		case reflect.Slice:
			each(v.Index(0))
		case reflect.Struct:
			for i := range v.NumField() {
				name := v.Type().Field(i).Name
				if derived[name] {
					continue
				}
				if v.Field(i).IsZero() && name != "Start" {
					t.Errorf("%s of %s is not in full", name, v.Type())
					continue
				}
				each(v.Field(i))
			}
		}
	}
	each(reflect.ValueOf(full()))
}

// What travels arrives.
func TestProcessAsJSON(t *testing.T) {
	text, err := json.Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	var got Process
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, full()) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, full())
	}
}

// A process that died before a window, or came after it, does not stretch it.
func TestWindowIsOfThoseThatWereThere(t *testing.T) {
	act := func(w fault.Window) Counts {
		f := FaultOf("bus", fault.Statistic{Kind: fault.Outage, Window: fault.Window{Start: 5 * time.Second, Length: time.Second}})
		f.DeliveredWindow = WindowOf(w)
		return Counts{Faults: []Fault{f}}
	}
	there := fault.Window{Start: 5 * time.Second, Length: time.Second}
	for name, told := range map[string]struct{ first, second, want fault.Window }{
		"died before": {fault.Window{}, there, there},
		"came after":  {there, fault.Window{}, there},
		"both, later": {there, fault.Window{Start: 5500 * time.Millisecond, Length: time.Second}, fault.Window{Start: 5 * time.Second, Length: 1500 * time.Millisecond}},
	} {
		var sum Counts
		sum.Add(act(told.first))
		sum.Add(act(told.second))
		if len(sum.Faults) != 1 || sum.Faults[0].DeliveredWindow.Exact() != told.want {
			t.Errorf("%s: %+v, want one window %v", name, sum.Faults, told.want)
		}
	}
}

// Runs from before the sums were kept have them by what follows from them.
func TestRestore(t *testing.T) {
	old := Counts{
		Faults:     []Fault{{Target: "A", Kind: fault.Delay, Asked: 1, Delivered: 0.5, Interactions: 10, MeanAskedSeconds: 1, MeanDeliveredSeconds: 2}},
		Capacities: []Capacity{{Service: "D", Queued: 2, MeanWait: 0.5}},
	}
	old.Restore()
	if f := old.Faults[0]; f.Injected != 5 || f.AskedSeconds != 5 || f.DeliveredSeconds != 10 {
		t.Errorf("fault %+v", f)
	}
	if c := old.Capacities[0]; c.WaitedSeconds != 1 {
		t.Errorf("capacity %+v", c)
	}
}

// Two windows of the same fault are two rows. The longest queue, and what waits or acts
// now, are those of all instances.
func TestAddOfUnlike(t *testing.T) {
	at := func(start float64, acts bool) Fault {
		return Fault{Target: "A", Kind: fault.Outage, Window: &Window{start, 1}, Injected: 1, Acts: acts}
	}
	sum := Counts{
		Faults:     []Fault{at(1, true), at(5, false)},
		Capacities: []Capacity{{Service: "D", LongestQueue: 2, Waiting: 1}},
	}
	sum.Add(Counts{
		Faults:     []Fault{at(5, true), at(1, false)},
		Capacities: []Capacity{{Service: "D", Workers: 4, Queue: 8, LongestQueue: 3, Waiting: 2}},
	})
	first, second := at(1, true), at(5, true)
	first.Injected, second.Injected = 2, 2
	want := Counts{
		Faults:     []Fault{first, second},
		Capacities: []Capacity{{Service: "D", Workers: 4, Queue: 8, LongestQueue: 3, Waiting: 3}},
	}
	if !reflect.DeepEqual(sum, want) {
		t.Errorf("got  %+v\nwant %+v", sum, want)
	}
}

// What is kept of a delay are its sums, since means of several processes do not add.
func TestFaultOfKeepsSums(t *testing.T) {
	f := FaultOf("A", fault.Statistic{Kind: fault.Delay, Asked: 0.5, Interactions: 10, Delivered: 4, MeanAsked: time.Second, MeanDelivered: 1500 * time.Millisecond})
	want := Fault{Target: "A", Kind: fault.Delay, Asked: 0.5, Interactions: 10, Injected: 4, AskedSeconds: 4, DeliveredSeconds: 6}
	if f != want {
		t.Errorf("%+v, want %+v", f, want)
	}
}
