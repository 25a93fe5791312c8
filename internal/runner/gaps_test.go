package runner

import (
	"context"
	"math"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/counts"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/simnet"
	"crosstalk/internal/theory"
	"crosstalk/scenarios"
)

// Theory that is simulated has an interval too: a gap is where the two are apart.
func TestGapsKnowTheoryIntervals(t *testing.T) {
	run := func(intervals *theory.Intervals, simulated int64) *result.Run {
		q := &theory.Quantiles{P50: 0.100, P75: 0.110, P99: 0.200, P999: 0.210}
		return &result.Run{
			Requests:  result.Requests{Due: 100_000, Sent: 100_000},
			ErrorRate: result.Interval{Value: 0.10, Low: 0.099, High: 0.101},
			StaleRate: result.Interval{Value: 0.20, Low: 0.199, High: 0.201},
			Latency:   result.Quantiles{Count: 90_000, P50: 0.150, P99: 0.300},
			Predicted: &theory.Prediction{
				Method: "simulation", RequestsSimulated: simulated, ErrorRate: 0.15, StaleShare: 0.30, Latency: q, Intervals: intervals,
				ReplicationLag: &theory.Quantiles{Mean: 1},
			},
		}
	}
	bounds := func(low, high float64) *theory.Bounds { return &theory.Bounds{Low: low, High: high} }
	intervals := func(errors, p50, p99, stale *theory.Bounds) *theory.Intervals {
		return &theory.Intervals{ErrorRate: errors, Latency: theory.QuantilesBounds{P50: p50, P99: p99}, StaleShare: stale}
	}
	for name, c := range map[string]struct {
		theory    *theory.Intervals
		simulated int64
		want      int
	}{
		"a closed form":          {nil, 0, 4},
		"narrow":                 {intervals(bounds(0.149, 0.151), bounds(0.099, 0.101), bounds(0.199, 0.201), bounds(0.299, 0.301)), 50_000, 4},
		"wide enough to meet":    {intervals(bounds(0.110, 0.200), bounds(0.090, 0.140), bounds(0.150, 0.290), bounds(0.220, 0.400)), 50_000, 0},
		"wide on the other side": {intervals(bounds(0.149, 0.400), bounds(0.001, 0.101), bounds(0.001, 0.201), bounds(0.299, 0.900)), 50_000, 4},
		"too short to have any":  {intervals(nil, nil, nil, nil), 50_000, 0},
		"the run itself":         {intervals(nil, nil, nil, nil), 100_000, 4},
		"undecided in the tail":  {intervals(bounds(0.149, 0.151), bounds(0.099, 0.101), nil, bounds(0.299, 0.301)), 50_000, 3},
	} {
		if got := gaps(run(c.theory, c.simulated)); len(got) != c.want {
			t.Errorf("%s: %d gaps, want %d: %q", name, len(got), c.want, got)
		}
	}
}

// A gap has its words and its figures; without a theory, or of nothing, there is none.
func TestGapsSayWhatIsApart(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *result.Run)
		want   []string
	}{
		"none":                   {func(r *result.Run) {}, nil},
		"errors":                 {func(r *result.Run) { r.ErrorRate = result.Interval{Value: 0.125, Low: 0.12, High: 0.13} }, []string{"the error rate is 12.5 %, and theory says 10 %"}},
		"the median":             {func(r *result.Run) { r.Latency.P50 = 0.12346 }, []string{"latency p50 is 123.46ms, and theory says 100ms"}},
		"the median, as sampled": {func(r *result.Run) { r.Latency.P50 = 0.106 }, []string{"latency p50 is 106ms, and theory says 100ms"}},
		"the tail":               {func(r *result.Run) { r.Latency.P99 = 0.225 }, []string{"latency p99 is 225ms, and theory says 200ms"}},
		"below":                  {func(r *result.Run) { r.Latency.P99 = 0.1 }, []string{"latency p99 is 100ms, and theory says 200ms"}},
		"sent late, and so felt": {func(r *result.Run) {
			r.Latency.P50, r.Lateness.P50, r.Latency.P99, r.Lateness.P99 = 0.106, 0.003, 0.225, 0.003
		}, nil},
		"delays that took longer": {func(r *result.Run) {
			r.Latency.P50, r.Latency.P99, r.Faults = 0.106, 0.225, []counts.Fault{{MeanAskedSeconds: 0.005, MeanDeliveredSeconds: 0.008}}
		}, nil},
		"staleness": {func(r *result.Run) { r.StaleRate = result.Interval{Value: 0.4, Low: 0.39, High: 0.41} }, []string{"the share of stale answers is 40 %, and theory says 30 %"}},
		"staleness of a longer lag": {func(r *result.Run) {
			r.StaleRate, r.ReplicationLag.Mean = result.Interval{Value: 0.4, Low: 0.39, High: 0.41}, 3
		}, nil},
		"no success":                 {func(r *result.Run) { r.Latency = result.Quantiles{} }, nil},
		"none expected":              {func(r *result.Run) { r.Predicted.Latency = nil }, nil},
		"errors, but without theory": {func(r *result.Run) { r.ErrorRate.Low, r.Predicted = 1, nil }, nil},
		"of nothing":                 {func(r *result.Run) { r.Latency.P50, r.Requests.Sent = 1, 0 }, nil},
		"interrupted":                {func(r *result.Run) { r.Latency.P50, r.Verdict = 1, result.Interrupted }, nil},
	} {
		r := &result.Run{
			Requests:       result.Requests{Due: 1000, Sent: 1000},
			ErrorRate:      result.Interval{Value: 0.1, Low: 0.1, High: 0.1},
			StaleRate:      result.Interval{Value: 0.3, Low: 0.3, High: 0.3},
			Latency:        result.Quantiles{Count: 1000, P50: 0.1, P99: 0.2},
			ReplicationLag: result.Quantiles{Count: 1, Mean: 2},
			Predicted: &theory.Prediction{
				ErrorRate: 0.1, StaleShare: 0.3, Latency: &theory.Quantiles{P50: 0.1, P75: 0.11, P99: 0.2, P999: 0.21},
				ReplicationLag: &theory.Quantiles{Mean: 2},
			},
		}
		c.change(r)
		if got := gaps(r); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Intervals that touch are not apart, on either side.
func TestBeyond(t *testing.T) {
	half := 0.05 * wider // of a measured 0.5 ± 0.05, at 99.9 %
	for _, c := range []struct {
		low, high, allowed float64
		want               bool
	}{
		{0.5 + half - 1e-9, 1, 0, false}, {0.5 + half + 1e-9, 1, 0, true}, {0.5 + half + 1e-9, 1, 0.1, true},
		{0, 0.5 - half + 1e-9, 0, false}, {0, 0.5 - half - 1e-9, 0, true}, {0, 0.5 - half - 0.1 + 1e-9, 0.1, false}, {0, 0.5 - half - 0.1 - 1e-9, 0.1, true},
	} {
		if got := beyond(theory.Bounds{Low: c.low, High: c.high}, result.Interval{Value: 0.5, Low: 0.45, High: 0.55}, c.allowed); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A quantile is apart beyond what its samples and the instrument explain. Of 1,000 samples
// numbers 469 and 532 bound the median; of 100, numbers 84 and 96 bound p90.
func TestApart(t *testing.T) {
	median := wider * (0.532 - 0.5) * 0.1 / 0.25
	p90 := wider * (0.96 - 0.9) * 0.1 / 0.009
	for _, c := range []struct {
		q        float64
		n        int64
		sampling float64
	}{{0.5, 1000, median}, {0.9, 100, p90}} {
		bounds := theory.Bounds{Low: 10, High: 20}
		high, low := 20+c.sampling+0.5, 10-c.sampling-0.002
		for measured, want := range map[float64]bool{high - 1e-9: false, high + 1e-9: true, low + 1e-9: false, low - 1e-9: true} {
			if got := apart(measured, bounds, 0.1, c.q, c.n, 0.5); got != want {
				t.Errorf("quantile %v of %d: %v is apart: %v", c.q, c.n, measured, got)
			}
		}
	}
}

// What theory expects: its figure, the 99.9 % interval of a simulated one, or anything where
// it simulated less than the run and has no interval.
func TestExpected(t *testing.T) {
	of := func(p theory.Prediction) *result.Run {
		return &result.Run{Requests: result.Requests{Due: 1000}, Predicted: &p}
	}
	simulated := &theory.Intervals{}
	w := float64(wider)
	anything := theory.Bounds{Low: math.Inf(-1), High: math.Inf(1)}
	for name, c := range map[string]struct {
		run    *result.Run
		bounds *theory.Bounds
		want   theory.Bounds
	}{
		"a closed form":     {of(theory.Prediction{}), nil, theory.Bounds{Low: 5, High: 5}},
		"simulated":         {of(theory.Prediction{Intervals: simulated}), &theory.Bounds{Low: 4, High: 7}, theory.Bounds{Low: 5 - w, High: 5 + w*2}},
		"all of the run":    {of(theory.Prediction{Intervals: simulated, RequestsSimulated: 990}), nil, theory.Bounds{Low: 5, High: 5}},
		"a shorter stretch": {of(theory.Prediction{Intervals: simulated, RequestsSimulated: 989}), nil, anything},
	} {
		if got := expected(c.run, 5, c.bounds); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// The timers' doing is what the delays took longer than was asked for; more stale answers
// than theory says are explained by changes that took longer.
func TestWhatExplainsAGap(t *testing.T) {
	r := &result.Run{Counts: counts.Counts{Faults: []counts.Fault{{MeanAskedSeconds: 0.25, MeanDeliveredSeconds: 0.5}, {MeanAskedSeconds: 2, MeanDeliveredSeconds: 1}, {MeanDeliveredSeconds: 0.125}}}}
	if got := overshoot(r); got != 0.375 {
		t.Errorf("delays took %v s longer, want 0.375", got)
	}
	if step(0.5) != 0.25 || step(0.99) != 0.009 {
		t.Errorf("steps %v, %v", step(0.5), step(0.99))
	}
	lag := func(mean float64) *theory.Quantiles { return &theory.Quantiles{Mean: mean} }
	for name, c := range map[string]struct {
		theory   *theory.Quantiles
		measured result.Quantiles
		want     float64
	}{
		"longer":        {lag(2), result.Quantiles{Count: 1, Mean: 3}, 0.25},
		"shorter":       {lag(2), result.Quantiles{Count: 1, Mean: 1}, 0},
		"no theory":     {nil, result.Quantiles{Count: 1, Mean: 3}, math.Inf(1)},
		"no lag at all": {lag(0), result.Quantiles{Count: 1, Mean: 3}, math.Inf(1)},
		"no changes":    {lag(2), result.Quantiles{}, math.Inf(1)},
	} {
		if got := staleByLag(&result.Run{ReplicationLag: c.measured, Predicted: &theory.Prediction{StaleShare: 0.5, ReplicationLag: c.theory}}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// slow is a connection on which what is written leaves late.
type slow struct{ net.Conn }

func (c slow) Write(b []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return c.Conn.Write(b)
}

// A run that is further from theory than is explained warns of it.
func TestARunWarnsOfGaps(t *testing.T) {
	e := ask(t, "latency", "none", "duration", "5s", "warmup", "0s", "rate", "20", "write-rate", "0")
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName("sync")
		out, err := Run(t.Context(), s, e, t.TempDir(), Options{Pacer: load.Timer, Env: fakesvc.Env{
			Listen: network.Listen,
			Dial: func(ctx context.Context, kind, address string) (net.Conn, error) {
				c, err := network.Dial(ctx, kind, address)
				return slow{c}, err
			},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(out.Warnings, func(w string) bool {
			return strings.HasPrefix(w, "latency p50 is ") && strings.HasSuffix(w, ", and theory says 0s")
		}) {
			t.Errorf("%q", out.Warnings)
		}
		time.Sleep(time.Second) // the connections say farewell, late as well
	})
}
