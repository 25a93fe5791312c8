package policy

import (
	"testing"
	"time"
)

// The breaker opens when half of the last 4 calls failed, lets one through after
// 100 ms, and opens again if that fails.
func TestCircuit(t *testing.T) {
	c := NewCircuit(Breaker{Rate: 0.5, Count: 4, Open: 100 * ms})
	for i, step := range []struct {
		at      time.Duration
		allowed bool
		verdict Verdict
	}{
		{1, true, Succeeded}, {2, true, Failed}, {3, true, Succeeded}, {4, true, Failed}, // opens
		{5, false, None}, {100, false, None},
		{4 + 100*ms, true, Failed}, // the trial
		{105 * ms, false, None}, {3 + 200*ms, false, None},
		{4 + 200*ms, true, None},      // given up
		{5 + 200*ms, true, Succeeded}, // the next one closes it, and it counts anew
		{205 * ms, true, Failed}, {206 * ms, true, None}, {207 * ms, true, Failed},
		{208 * ms, false, None},
	} {
		permit, got := c.Allow(step.at)
		if got != step.allowed {
			t.Fatalf("call %d is allowed: %v", i, got)
		}
		if got {
			c.Record(permit, step.verdict, step.at)
		}
	}
}

func TestCircuitHasOneTrial(t *testing.T) {
	c := NewCircuit(Breaker{Rate: 1, Count: 1, Open: time.Second})
	permit, _ := c.Allow(0)
	c.Record(permit, Failed, 0)
	_, first := c.Allow(time.Second)
	_, second := c.Allow(time.Second)
	if !first || second {
		t.Errorf("half open, it allows the first: %v, the second: %v", first, second)
	}
}

// An old failure leaves the last Count calls.
func TestCircuitForgets(t *testing.T) {
	c := NewCircuit(Breaker{Rate: 1, Count: 2, Open: time.Second})
	for i, v := range []Verdict{Failed, Succeeded, Failed, Succeeded, Failed} {
		permit, ok := c.Allow(time.Duration(i))
		if !ok {
			t.Fatalf("it refuses call %d", i)
		}
		c.Record(permit, v, time.Duration(i))
	}
}
