package result

// Predicted is what theory says of an experiment in a scenario.
type Predicted struct {
	// Method is "closed form" or "simulation", Why what made the latter necessary.
	Method    string  `json:"method"`
	Why       string  `json:"why"`
	ErrorRate float64 `json:"error_rate"`
	// Latency is of successes, as Run.Latency; nil where none is expected, as below.
	Latency *PredictedQuantiles `json:"latency_seconds"`
	// StaleShare is the share of the answers that are stale, Staleness how old
	// those are.
	StaleShare     float64             `json:"stale_share"`
	Staleness      *PredictedQuantiles `json:"staleness_seconds"`
	ReplicationLag *PredictedQuantiles `json:"replication_lag_seconds"`
	// TriesPerRequest is how often a need is tried, by CONSUMER→SUPPLIER.
	TriesPerRequest map[string]float64 `json:"tries_per_request"`
	// RequestsSimulated is how many requests a simulation is of: the first ones of the
	// run. It is 0 with a closed form, and in runs from before it was told.
	RequestsSimulated int64 `json:"requests_simulated,omitempty"`
	// Intervals say how far the figures of a simulation can be trusted; nil with a
	// closed form, and in runs from before there were any.
	Intervals *PredictedIntervals `json:"intervals,omitempty"`
	// Queues are what closed forms say of queues for workers; none where there is no
	// form, and in runs from before there were any.
	Queues []PredictedQueue `json:"queues,omitempty"`
}

// PredictedQueue is the queue of a service in its steady state. Times are in seconds.
type PredictedQueue struct {
	Service string `json:"service"`
	// Model is in Kendall's notation, such as M/M/2/10: of Poisson arrivals, exponential
	// work, two workers, and room for ten calls at work and in the queue together.
	Model string `json:"model"`
	// Load is what is asked of each worker: 1 is all that it can do.
	Load float64 `json:"load"`
	// MeanWait is that of all calls that are admitted, QueuedMeanWait of those that find
	// no worker free, as Capacity.MeanWait.
	MeanWait       float64 `json:"mean_wait_seconds"`
	QueuedMeanWait float64 `json:"queued_mean_wait_seconds"`
	// RefusedShare is the share of the calls that find the queue full.
	RefusedShare float64 `json:"refused_share"`
}

// PredictedIntervals are 95 % intervals of simulated figures, by batch means. A nil
// one is undecided: the simulation was too short, or a fault acts for a while only.
type PredictedIntervals struct {
	ErrorRate      *PredictedBounds `json:"error_rate"`
	Latency        QuantilesBounds  `json:"latency_seconds"`
	StaleShare     *PredictedBounds `json:"stale_share"`
	Staleness      QuantilesBounds  `json:"staleness_seconds"`
	ReplicationLag QuantilesBounds  `json:"replication_lag_seconds"`
}

// QuantilesBounds are the intervals of PredictedQuantiles, in seconds.
type QuantilesBounds struct {
	P50   *PredictedBounds `json:"p50"`
	P75   *PredictedBounds `json:"p75"`
	P90   *PredictedBounds `json:"p90"`
	P99   *PredictedBounds `json:"p99"`
	P999  *PredictedBounds `json:"p99.9"`
	P9999 *PredictedBounds `json:"p99.99"`
	Mean  *PredictedBounds `json:"mean"`
}

// PredictedBounds are those of an interval, both closed.
type PredictedBounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// PredictedQuantiles summarises a distribution, in seconds.
type PredictedQuantiles struct {
	P50   float64 `json:"p50"`
	P75   float64 `json:"p75"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	P9999 float64 `json:"p99.99"`
	Mean  float64 `json:"mean"`
}
