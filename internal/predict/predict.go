package predict

import (
	"context"

	"crosstalk/internal/experiment"
)

// The methods.
const (
	ClosedForm = "closed form"
	Simulation = "simulation"
)

// Prediction is what is to be expected of an experiment in one scenario. Times
// are in seconds.
type Prediction struct {
	Scenario string `json:"scenario"`
	Method   string `json:"method"`
	// Why is what no closed form is known for, where it is a simulation.
	Why string `json:"why,omitempty"`

	// ErrorRate is the share of the requests that fail.
	ErrorRate float64 `json:"error_rate"`
	// Latency is done − due, of successes; nil where none is to be expected, as below.
	Latency *Quantiles `json:"latency_seconds"`
	// StaleShare is the share of the answers that are out of date, Staleness for
	// how long those had been.
	StaleShare float64    `json:"stale_share"`
	Staleness  *Quantiles `json:"staleness_seconds"`
	// Lag is visible − acknowledged, of the changes that a replica applies.
	Lag *Quantiles `json:"replication_lag_seconds"`
	// Tries is how often a need is tried per request of the driver, by
	// CONSUMER→SUPPLIER. A closed form has those of the entry only: how far the
	// others get depends on when something elsewhere fails first.
	Tries map[string]float64 `json:"tries_per_request"`

	// Of a simulation: the requests and the changes that its figures are of, and
	// the virtual time in which they were due. Less than what was asked for is a
	// shorter stretch of the same experiment.
	Requests         int64   `json:"requests_simulated,omitempty"`
	Changes          int64   `json:"changes_simulated,omitempty"`
	SimulatedSeconds float64 `json:"simulated_seconds,omitempty"`
	// Intervals say how far a simulation's figures can be trusted; nil with a closed
	// form, which is as exact as its grid.
	Intervals *Intervals `json:"intervals,omitempty"`
	// Queues are those with a closed form of their own beside the simulation.
	Queues []Queue `json:"queues,omitempty"`
}

// Intervals are the 95 % intervals of simulated figures. A nil one is undecided: the
// simulation was too short for what its requests have to do with each other, or a
// fault acts for a while only, and nothing is the same from batch to batch.
type Intervals struct {
	ErrorRate  *Bounds         `json:"error_rate"`
	Latency    QuantilesBounds `json:"latency_seconds"`
	StaleShare *Bounds         `json:"stale_share"`
	Staleness  QuantilesBounds `json:"staleness_seconds"`
	Lag        QuantilesBounds `json:"replication_lag_seconds"`
}

// Quantiles summarises a distribution, in seconds.
type Quantiles struct {
	P50   float64 `json:"p50"`
	P75   float64 `json:"p75"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	P9999 float64 `json:"p99.99"`
	Mean  float64 `json:"mean"`
}

// QuantilesBounds are the intervals of Quantiles.
type QuantilesBounds struct {
	P50   *Bounds `json:"p50"`
	P75   *Bounds `json:"p75"`
	P90   *Bounds `json:"p90"`
	P99   *Bounds `json:"p99"`
	P999  *Bounds `json:"p99.9"`
	P9999 *Bounds `json:"p99.99"`
	Mean  *Bounds `json:"mean"`
}

// shares are the quantiles that are told, in the order of Quantiles.
var shares = [...]float64{0.5, 0.75, 0.9, 0.99, 0.999, 0.9999}

func quantilesOf(values [len(shares)]float64, mean float64) *Quantiles {
	return &Quantiles{values[0], values[1], values[2], values[3], values[4], values[5], mean}
}

// Of predicts a valid experiment in a scenario: by a closed form where there is
// one, and else by a simulation, of at most DefaultRequests requests unless o says
// otherwise. The error is an Unsupported, or that of ctx if it ends before the prediction is there.
func Of(ctx context.Context, e *experiment.Experiment, scenario string, o Options) (Prediction, error) {
	p, why, err := Closed(ctx, e, scenario, o)
	if err != nil || why == "" {
		return p, err
	}
	p, err = Simulate(ctx, e, scenario, o)
	p.Why = why
	return p, err
}
