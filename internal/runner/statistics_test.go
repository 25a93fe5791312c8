package runner

import (
	"testing"

	"crosstalk/internal/counts"
	"crosstalk/internal/result"
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
