package runner

import (
	"strings"
	"testing"

	"crosstalk/fakesvc/fakesvcpb"
)

// What each process has noticed of a bus that lost something is counted, before and
// after it was started again, and said.
func TestLostLogsAreSaid(t *testing.T) {
	sum := &fakesvcpb.StatisticsResponse{}
	for _, losses := range []int64{0, 2, 1} {
		addStatistics(sum, &fakesvcpb.StatisticsResponse{LogLosses: losses})
	}
	if sum.GetLogLosses() != 3 {
		t.Errorf("%d losses, want 3", sum.GetLogLosses())
	}
	if said := lostLogs(0); said != nil {
		t.Errorf("without a loss it says %q", said)
	}
	if said := lostLogs(3); len(said) != 1 || !strings.HasPrefix(said[0], "the bus has lost events that it had acknowledged: 3 times ") {
		t.Errorf("of three losses it says %q", said)
	}
}
