package doctor

import (
	"time"

	"crosstalk/internal/result"
)

// Bounds beyond which the instrument is the limit. The verdict on a run is taken
// from them, too.
const (
	// LatestSend bounds the 99th percentile of the lateness of sends, on any machine.
	LatestSend = 10 * time.Millisecond
	// BusiestCPU bounds the share of the cores that are in use, by this process or by
	// others: beyond it, requests wait for a core and not for a service.
	BusiestCPU = 0.9
	// Slack is how many times later than without services a run may send, and
	// StrictestSend what no bound goes below: a run's services share the cores.
	Slack = 10
	// Felt is the share of the 99th percentile of a run's latency below which lateness
	// changes nothing that is read from it.
	Felt          = 0.1
	StrictestSend = time.Millisecond
	// Blur is the share of a percentile of the latency that may be the driver's doing.
	Blur = 0.02
	// sent is the share of a rate that has to be achieved.
	sent = 0.99
)

// LateBound bounds the 99th percentile of the lateness of the sends of a run whose
// latency has that 99th percentile, in seconds: Slack times what was measured before
// its load, or Felt of that, whichever is more, in whole steps of 10 µs, from
// StrictestSend to LatestSend. A machine that was busy meanwhile therefore gets no looser bound than
// one that was not examined, with nil, which gets LatestSend.
func LateBound(i *result.Instrument, latencyP99 float64) time.Duration {
	if i == nil {
		return LatestSend
	}
	bound := time.Duration(min(max(Slack*i.LatenessP99, Felt*latencyP99), LatestSend.Seconds()) * float64(time.Second))
	return min(max(bound.Round(10*time.Microsecond), StrictestSend), LatestSend)
}

// HandlingBound bounds a percentile of a run's handling delay, where the same one of its
// latency is latency, in seconds: Blur of that, or Slack times what was measured before
// the load, the latter from StrictestSend to LatestSend; with nil, LatestSend. Below it,
// what the driver takes from the cores for answers that came together changes nothing
// that is read from the latency.
func HandlingBound(i *result.Instrument, latency float64) time.Duration {
	least := LatestSend
	if i != nil {
		measured := time.Duration(Slack * i.HandlingP99 * float64(time.Second)).Round(10 * time.Microsecond)
		least = min(max(measured, StrictestSend), LatestSend)
	}
	return max(least, time.Duration(Blur*latency*float64(time.Second)).Round(10*time.Microsecond))
}
