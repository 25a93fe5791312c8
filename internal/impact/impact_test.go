package impact

import (
	"math"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
	"crosstalk/internal/result"
)

const ms = time.Millisecond

func faultsOf(t *testing.T, text string) fault.Faults {
	t.Helper()
	var f fault.Faults
	if err := f.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return f
}

// feed adds a request each 5 ms from -2 s to 20 s, as felt says.
func feed(tr *Tracker, felt func(due time.Duration) result.Row) {
	for due := -2 * time.Second; due < 20*time.Second; due += 5 * ms {
		r := felt(due)
		r.Due, r.Done = due, due+r.Done
		tr.Add(r)
	}
}

func fine(due time.Duration) result.Row { return result.Row{Done: 10*ms + due%7} }

func TestOutageThatEndsLate(t *testing.T) {
	tr := New(faultsOf(t, "B:outage@3s+2s"))
	feed(tr, func(due time.Duration) result.Row {
		if due >= 3*time.Second && due < 5*time.Second+200*ms {
			return result.Row{Code: codes.Unavailable}
		}
		return fine(due)
	})
	got := tr.Impacts(0, false)
	if len(got) != 1 {
		t.Fatalf("%d impacts", len(got))
	}
	i := got[0]
	if i.Requests != 400 || i.ErrorRate.Value != 1 || i.BaselineErrorRate.Value != 0 || i.P99 != 0 {
		t.Errorf("%+v", i)
	}
	// The last request that failed was due 195 ms after the end.
	if !i.Recovered || i.Recovery != 0.195 || !i.Drained || i.Drain != 0 {
		t.Errorf("recovered %v after %v s, drained %v after %v s", i.Recovered, i.Recovery, i.Drained, i.Drain)
	}
}

func TestNoRecoveryIsSaid(t *testing.T) {
	tr := New(faultsOf(t, "B:outage@3s+2s"))
	feed(tr, func(due time.Duration) result.Row {
		if due >= 3*time.Second {
			return result.Row{Code: codes.Unavailable}
		}
		return fine(due)
	})
	if i := tr.Impacts(0, false)[0]; i.Recovered || i.Recovery < 9 {
		t.Errorf("recovered %v after %v s", i.Recovered, i.Recovery)
	}
}

func TestSlowAnswersAreAnImpact(t *testing.T) {
	tr := New(faultsOf(t, "A:delay=50ms@4s+1s;B:slow=2@4s+1s"))
	feed(tr, func(due time.Duration) result.Row {
		if due >= 4*time.Second && due < 5*time.Second+300*ms {
			return result.Row{Done: 60 * ms}
		}
		return fine(due)
	})
	i := tr.Impacts(0, false)[0]
	if len(i.Faults) != 2 || i.P99 != 0.06 || i.BaselineP99 > 0.0101 || i.ErrorRate.Value != 0 || i.SlowShare != 1 || i.Recovery != 0.295 {
		t.Errorf("%+v", i)
	}
}

// The 99th percentile in a window and before it has the interval of its ranks: of 100
// samples none bounds it above, of 500 the last one does. Where none succeeds there is
// neither.
func TestP99HasItsInterval(t *testing.T) {
	tr := New(faultsOf(t, "A:delay=50ms@5s+1s;B:outage@7s+1s"))
	for i := range int64(900) {
		r := result.Row{ID: i, Due: time.Duration(i) * 10 * ms}
		r.Done = r.Due + time.Duration(i+1)*ms
		if r.Due >= 7*time.Second {
			r.Code = codes.Unavailable
		}
		tr.Add(r)
	}
	got := tr.Impacts(0, false)
	for _, c := range []struct {
		name             string
		seconds          float64
		bounds           *result.Bounds
		value, low, high float64
	}{
		{"with the delay", got[0].P99, got[0].P99Bounds, 0.599, 0.597, math.Inf(1)},
		{"before it", got[0].BaselineP99, got[0].BaselineP99Bounds, 0.495, 0.490, 0.500},
		{"before the outage", got[1].BaselineP99, got[1].BaselineP99Bounds, 0.495, 0.490, 0.500},
	} {
		if c.bounds == nil {
			t.Errorf("%s: no interval", c.name)
		} else if p := c.bounds.Around(c.seconds); p != (result.Percentile{Value: c.value, Low: c.low, High: c.high}) {
			t.Errorf("%s: %+v, want %v [%v, %v]", c.name, p, c.value, c.low, c.high)
		}
	}
	if got[1].P99 != 0 || got[1].P99Bounds != nil {
		t.Errorf("none succeeds in the outage: %v, %+v", got[1].P99, got[1].P99Bounds)
	}
}

// One slow or failed request in a bucket is what chance makes of a baseline that
// has some.
func TestChanceIsNoImpact(t *testing.T) {
	tr := New(faultsOf(t, "A:freeze@4s+1s"))
	feed(tr, func(due time.Duration) result.Row {
		switch (due / (5 * ms)) % 100 {
		case 7:
			return result.Row{Code: codes.Unavailable}
		case 50:
			return result.Row{Done: 80 * ms}
		}
		return fine(due)
	})
	i := tr.Impacts(0, false)[0]
	if !i.Recovered || i.Recovery != 0 || i.ErrorRate.Value != 0.01 {
		t.Errorf("%+v", i)
	}
}

// What the next window does to requests that were due just before it is no trace
// of the one before: theirs is only that they took so long until then.
func TestTheNextWindowIsNotThisOnesTrace(t *testing.T) {
	const second = 8 * time.Second
	usual := func(due time.Duration) result.Row { return result.Row{Done: 30*ms + due%7} }
	windows := "bus:reorder=50%@6s+1s;bus:stall@8s+1s"
	for name, c := range map[string]struct {
		felt      func(due time.Duration) result.Row
		recovered bool
		recovery  float64
	}{
		"stalled by the next one": {func(due time.Duration) result.Row {
			if due >= second-30*ms && due < second+time.Second {
				return result.Row{Done: 500 * ms, Code: codes.DeadlineExceeded}
			}
			return usual(due)
		}, true, 0},
		"hit until the next one": {func(due time.Duration) result.Row {
			if due >= 6*time.Second && due < second+time.Second {
				return result.Row{Done: 500 * ms, Code: codes.DeadlineExceeded}
			}
			return usual(due)
		}, false, 0.965},
		"half of them hit until the next one": {func(due time.Duration) result.Row {
			if due >= 6*time.Second && due < second && due%(10*ms) == 0 {
				return result.Row{Done: 500 * ms, Code: codes.DeadlineExceeded}
			}
			return usual(due)
		}, false, 0.96},
		"not hit any more": {func(due time.Duration) result.Row {
			if due >= 6*time.Second && due < 7*time.Second+300*ms {
				return result.Row{Done: 500 * ms}
			}
			return usual(due)
		}, true, 0.295},
	} {
		tr := New(faultsOf(t, windows))
		feed(tr, c.felt)
		if i := tr.Impacts(0, false)[0]; i.Recovered != c.recovered || i.Recovery != c.recovery {
			t.Errorf("%s: recovered %v after %v s, want %v after %v", name, i.Recovered, i.Recovery, c.recovered, c.recovery)
		}
	}
}

func TestStaleAnswersAndDrain(t *testing.T) {
	tr := New(faultsOf(t, "bus:outage@3s+2s;bus:stall@8s+1s"))
	feed(tr, func(due time.Duration) result.Row {
		r := fine(due)
		if due >= 4*time.Second && due < 5*time.Second {
			r.Judgement, r.Staleness = result.Stale, due-3*time.Second
		}
		return r
	})
	tr.AddLag(5*time.Second+150*ms, 2*time.Second)
	tr.AddLag(5*time.Second+80*ms, 70*ms) // acknowledged after the end
	tr.AddLag(7*time.Second, 10*ms)
	got := tr.Impacts(8500*ms, true)
	if i := got[0]; i.StaleShare != 0.5 || i.MaxStaleness != 1.995 || i.Drain != 0.15 || !i.Drained || i.BaselineStaleShare != 0 {
		t.Errorf("%+v", i)
	}
	if i := got[1]; i.Drained || i.Window.StartSeconds != 8 {
		t.Errorf("a change of before its end was never seen: %+v", i)
	}
}

func TestWithoutWindowsNothingIsKept(t *testing.T) {
	tr := New(faultsOf(t, "A:abort=5%"))
	feed(tr, fine)
	if len(tr.rows) != 0 || len(tr.Impacts(0, false)) != 0 {
		t.Errorf("%d rows are kept", len(tr.rows))
	}
}

// What is under way is so when a process really gets its signal, shortly after it was
// asked to.
func TestCutByASignal(t *testing.T) {
	tr := New(faultsOf(t, "B:kill@3s+2s"))
	window := fault.Window{Start: 3 * time.Second, Length: 2 * time.Second}
	add := func(sent, done time.Duration, code codes.Code) {
		tr.Add(result.Row{Due: sent, Sent: sent, Done: done, Code: code})
	}
	add(2900*ms, 3005*ms, codes.OK) // done before the signal
	tr.Began(window, 3010*ms)
	add(2950*ms, 3011*ms, codes.Unavailable)
	add(3005*ms, 3011*ms, codes.Unavailable) // sent after the window's start
	add(3009*ms, 3200*ms, codes.OK)
	add(3011*ms, 3012*ms, codes.Unavailable) // refused, not cut
	if got := tr.Impacts(0, false)[0]; got.UnderWay != 3 || got.Cut != 2 {
		t.Errorf("%d under way, %d cut", got.UnderWay, got.Cut)
	}
}

// Recovery that nobody saw is not said: nothing is due behind the window, since the run
// ends or the next window begins, or too few requests, or there is no baseline.
func TestUnseenRecoveryIsNotSaid(t *testing.T) {
	away := func(windows ...[2]time.Duration) func(due time.Duration) result.Row {
		return func(due time.Duration) result.Row {
			for _, w := range windows {
				if w[0] <= due && due < w[1] {
					return result.Row{Code: codes.Unavailable}
				}
			}
			return fine(due)
		}
	}
	const s = time.Second
	for name, c := range map[string]struct {
		faults    string
		from, to  time.Duration
		gap       time.Duration
		felt      func(due time.Duration) result.Row
		recovered bool
		recovery  float64
	}{
		"until the end of the run":      {"B:outage@1s+1s", 0, 2 * s, 20 * ms, away([2]time.Duration{s, 2 * s}), false, 0},
		"until just before the end":     {"B:outage@1s+1s", 0, 2*s + 150*ms, 20 * ms, away([2]time.Duration{s, 2 * s}), false, 0},
		"interrupted in it":             {"B:outage@1s+1s", 0, 1500 * ms, 20 * ms, away([2]time.Duration{s, 2 * s}), false, 0},
		"interrupted before it":         {"B:outage@1s+1s", 0, 800 * ms, 20 * ms, away(), false, 0},
		"it touches the next":           {"B:outage@1s+1s;C:outage@2s+1s", 0, 6 * s, 20 * ms, away([2]time.Duration{s, 3 * s}), false, 0},
		"nothing ahead of it":           {"B:outage@0s+1s", 0, 6 * s, 20 * ms, away([2]time.Duration{0, s}), false, 0},
		"too few, and all of them fail": {"B:outage@4s+1s", 0, 16 * s, 300 * ms, away([2]time.Duration{4 * s, 16 * s}), false, 8.8},
		"few, and they succeed":         {"B:outage@4s+1s", 0, 16 * s, 300 * ms, away([2]time.Duration{4 * s, 5 * s}), true, 0},
		"seen for long enough":          {"B:outage@1s+1s", 0, 2*s + 350*ms, 20 * ms, away([2]time.Duration{s, 2 * s}), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tr := New(faultsOf(t, c.faults))
			for due := c.from; due < c.to; due += c.gap {
				r := c.felt(due)
				r.Due, r.Done = due, due+r.Done
				tr.Add(r)
			}
			if i := tr.Impacts(0, false)[0]; i.Recovered != c.recovered || i.Recovery != c.recovery {
				t.Errorf("recovered %v after %v s, want %v after %v s", i.Recovered, i.Recovery, c.recovered, c.recovery)
			}
		})
	}
}
