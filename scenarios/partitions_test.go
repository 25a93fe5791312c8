package scenarios_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/record"
)

// Partitions change nothing that one request feels, and what the bus does to events
// it does in each partition as it would in one.
func TestPartitionsAreNotFelt(t *testing.T) {
	for fault, want := range map[string]outcome{
		"":                        {codes.OK, 0},
		"A:delay=40ms@0s+2s":      {codes.OK, 40 * ms},
		"bus:delay=30ms@0s+2s":    {codes.OK, 60 * ms},
		"bus:drop=1@0s+2s":        {codes.DeadlineExceeded, time.Second},
		"bus:duplicate=1@0s+2s":   {codes.OK, 0},
		"bus:stall@0s+800ms":      {codes.OK, 300 * ms},
		"bus:rebalance@0s+800ms":  {codes.OK, 300 * ms},
		"bus:reorder=1@0s+2s":     {codes.OK, 200 * ms},
		"bus:outage@0s+2s":        {codes.DeadlineExceeded, time.Second},
		"A.events:poison=1@0s+2s": {codes.Internal, 0},
	} {
		inBubble(t, "async-request", quiet(t, "partitions", "3", "fault", fault), func(b *bubble) {
			during, after := felt(b)
			if during != want {
				b.Errorf("%s: %v after %v, want %v after %v", fault, during.code, during.took, want.code, want.took)
			}
			if after != (outcome{codes.OK, 0}) {
				b.Errorf("after %s: %v after %v", fault, after.code, after.took)
			}
		})
	}
}

// A copy is complete before D is ready, and gets every change, whatever partition
// it is in.
func TestCopyOfAPartitionedTopic(t *testing.T) {
	for _, fault := range []string{"", "bus:duplicate=1@0s+2s", "bus:reorder=1@0s+2s", "bus:rebalance@0s+1s"} {
		inBubble(t, "async-replicated", quiet(t, "partitions", "3", "fault", fault), func(b *bubble) {
			b.begin()
			for key := range record.Key(20) {
				if !b.knows(key, 1, 0) {
					b.Errorf("%s: key %d is not there at the beginning", fault, key)
				}
				b.write("A", int64(key), key, 2)
				b.write("A", int64(key), key, 3)
			}
			time.Sleep(5 * time.Second)
			for key := range record.Key(20) {
				if !b.knows(key, 3, 0) {
					b.Errorf("%s: key %d is out of date in the end", fault, key)
				}
			}
		})
	}
}
