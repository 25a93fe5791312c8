package doctor

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"crosstalk/internal/result"
)

func TestLateBound(t *testing.T) {
	for p99, want := range map[float64]time.Duration{
		0:          time.Millisecond, // nothing was sent
		0.00004:    time.Millisecond,
		0.0001:     time.Millisecond,
		0.000123:   1230 * time.Microsecond,
		0.00012345: 1230 * time.Microsecond,
		0.0005:     5 * time.Millisecond,
		0.001:      10 * time.Millisecond,
		0.2:        10 * time.Millisecond, // busy before the load: no looser than unknown
		1e12:       10 * time.Millisecond, // and no overflow
	} {
		if got := LateBound(&result.Instrument{LatenessP99: p99}, 0); got != want {
			t.Errorf("of %v s, %v, want %v", p99, got, want)
		}
	}
	for latency, want := range map[float64]time.Duration{
		0.002: time.Millisecond, 0.03: 3 * time.Millisecond, 0.08: 8 * time.Millisecond, 5: 10 * time.Millisecond,
	} {
		if got := LateBound(&result.Instrument{LatenessP99: 0.00004}, latency); got != want {
			t.Errorf("where the latency's p99 is %v s, %v, want %v", latency, got, want)
		}
	}
	if got := LateBound(nil, 0); got != 10*time.Millisecond {
		t.Errorf("of a machine that was not examined, %v", got)
	}
	if got := LateBound(&result.Instrument{LatenessP99: math.Inf(1)}, 0); got != LatestSend {
		t.Errorf("of what has no end, %v", got)
	}
}

func TestShort(t *testing.T) {
	r := &Report{
		Pacing: []Pace{{Rate: 500, P50: 1, P99: 2}, {Rate: 2000, P50: 3, P99: 4}, {Rate: 50_000, P50: 5, P99: 6}},
		Blocks: []Block{{HandlingP99: 30}, {HandlingP99: 10}, {HandlingP99: 20}},
		Sleeps: []Wait{{0.005, 7, 8}}, Trips: []Trip{{"empty gRPC call", 9, 10}},
		CPU:         CPU{Known: true, Own: 0.1, Others: 0.2, Stolen: 0.3},
		Conclusions: Conclusions{SmallestP50: 11, SmallestP99: 12, TrustedRate: 13},
	}
	for rate, want := range map[float64]result.Instrument{
		0:         {Rate: 500, LatenessP50: 1, LatenessP99: 2}, // a closed loop
		1:         {Rate: 500, LatenessP50: 1, LatenessP99: 2},
		999:       {Rate: 500, LatenessP50: 1, LatenessP99: 2}, // 1000 is their middle, by ratio
		1001:      {Rate: 2000, LatenessP50: 3, LatenessP99: 4},
		9999:      {Rate: 2000, LatenessP50: 3, LatenessP99: 4},
		10_001:    {Rate: 50_000, LatenessP50: 5, LatenessP99: 6},
		1_000_000: {Rate: 50_000, LatenessP50: 5, LatenessP99: 6},
	} {
		want.OvershootP50, want.OvershootP99, want.CallP50, want.SmallestP50, want.TrustedRate = 7, 8, 9, 11, 13
		want.HandlingP99 = 20
		got := r.short(rate)
		if got.CPU == nil || *got.CPU != (result.CPUShares{Own: 0.1, Others: 0.2, Stolen: 0.3}) {
			t.Errorf("CPU %+v", got.CPU)
		}
		if got.CPU = nil; *got != want {
			t.Errorf("at %v/s, %+v, want %+v", rate, *got, want)
		}
	}
	if r.CPU = (CPU{}); r.short(1).CPU != nil {
		t.Error("what the system does not tell is told")
	}
}

// What is cut short is not kept, and what is found is not looked for again.
func TestBriefLooksOnce(t *testing.T) {
	var b Brief
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := b.Instrument(ended, 500); !errors.Is(err, context.Canceled) || got != nil {
		t.Fatalf("interrupted, %+v, %v", got, err)
	}
	first, err := b.Instrument(t.Context(), 500)
	if err != nil {
		t.Fatal(err)
	}
	if first.Rate != 500 || first.CallP50 <= 0 || first.SmallestP50 <= 0 || first.OvershootP99 < first.OvershootP50 || first.LatenessP99 < first.LatenessP50 {
		t.Errorf("%+v", first)
	}
	found := b.found
	other, err := b.Instrument(ended, 20_000) // which measures nothing that could end
	if err != nil || other.Rate != 10_000 || b.found != found || other.SmallestP50 != first.SmallestP50 {
		t.Errorf("again, %+v, %v", other, err)
	}
}
