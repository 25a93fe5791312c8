package runner

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/result"
)

// The copies of a service, and what a process was before a kill, are one row each:
// two copies of D spend as long on a query as one.
func TestStatisticsOfCopiesAreOne(t *testing.T) {
	told := func() *fakesvcpb.StatisticsResponse {
		return &fakesvcpb.StatisticsResponse{
			Stages:     []*fakesvcpb.Stage{{Service: "D", Name: "call", Queries: 100, SumNanos: int64(time.Second)}},
			Policies:   []*fakesvcpb.Policy{{Consumer: "D", Need: "A", Calls: 10, Tries: 15}},
			Capacities: []*fakesvcpb.Capacity{{Service: "D", Workers: 4, Arrived: 7, LongestQueue: 3}},
		}
	}
	sum := &fakesvcpb.StatisticsResponse{}
	addStatistics(sum, told())
	addStatistics(sum, told())
	want := &fakesvcpb.StatisticsResponse{
		Stages:     []*fakesvcpb.Stage{{Service: "D", Name: "call", Queries: 200, SumNanos: int64(2 * time.Second)}},
		Policies:   []*fakesvcpb.Policy{{Consumer: "D", Need: "A", Calls: 20, Tries: 30}},
		Capacities: []*fakesvcpb.Capacity{{Service: "D", Workers: 4, Arrived: 14, LongestQueue: 3}},
	}
	if !proto.Equal(sum, want) {
		t.Errorf("%v, want %v", sum, want)
	}
	got := stages(&result.Run{}, "D", sum.GetStages())
	if len(got) != 3 || got[2].Mean != 0.01 {
		t.Errorf("stages %v: want one of 10 ms behind the two of the driver", got)
	}
}

// A process that died before a window, or came after it, does not stretch it.
func TestWindowIsOfThoseThatWereThere(t *testing.T) {
	act := func(start, length time.Duration) *fakesvcpb.Fault {
		return &fakesvcpb.Fault{
			Target: "bus", Kind: "outage", StartNanos: int64(5 * time.Second), LengthNanos: int64(time.Second),
			DeliveredStartNanos: int64(start), DeliveredLengthNanos: int64(length),
		}
	}
	for name, told := range map[string][]*fakesvcpb.Fault{
		"died before": {act(0, 0), act(5*time.Second, time.Second)},
		"came after":  {act(5*time.Second, time.Second), act(0, 0)},
	} {
		got := faults(told)
		want := result.Window{StartSeconds: 5, LengthSeconds: 1}
		if len(got) != 1 || got[0].DeliveredWindow == nil || *got[0].DeliveredWindow != want {
			t.Errorf("%s: %+v, want one window %v", name, got, want)
		}
	}
}
