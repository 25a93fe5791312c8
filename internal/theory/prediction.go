package theory

// Prediction is what theory says of an experiment in a scenario: what bench predict prints,
// and what a run keeps beside its figures.
type Prediction struct {
	// The scenario; a run says it itself.
	Scenario string `json:"scenario,omitempty"`
	// Method is "closed form" or "simulation", Why what made the latter necessary.
	Method string `json:"method"`
	// What made a simulation necessary; empty where none was.
	Why string `json:"why"`
	// Share of the requests that fail.
	ErrorRate float64 `json:"error_rate"`
	// Latency is done − due, of successes; nil where none is expected, as below.
	Latency *Quantiles `json:"latency_seconds"`
	// StaleShare is the share of the answers that are stale, Staleness how old
	// those are.
	StaleShare float64 `json:"stale_share"`
	// Age of the stale answers; null where there is none to be expected.
	Staleness *Quantiles `json:"staleness_seconds"`
	// visible − acknowledged, of changes; null where there is none to be expected.
	ReplicationLag *Quantiles `json:"replication_lag_seconds"`
	// TriesPerRequest is how often a need is tried, by CONSUMER→SUPPLIER.
	TriesPerRequest map[string]float64 `json:"tries_per_request"`
	// RequestsSimulated is how many requests a simulation is of: the first ones of the
	// run. It is 0 with a closed form, and in runs from before it was told.
	RequestsSimulated int64 `json:"requests_simulated,omitempty"`
	// Of a simulation: how many changes its lags and stale answers are of.
	ChangesSimulated int64 `json:"changes_simulated,omitempty"`
	// Virtual time of a simulation, in seconds.
	SimulatedSeconds float64 `json:"simulated_seconds,omitempty"`
	// Intervals say how far the figures of a simulation can be trusted; nil with a
	// closed form, and in runs from before there were any.
	Intervals *Intervals `json:"intervals,omitempty"`
	// Queues are what closed forms say of queues for workers; none where there is no
	// form, and in runs from before there were any.
	Queues []ServiceQueue `json:"queues,omitempty"`
}

// ServiceQueue is the queue of a service in its steady state. Times are in seconds.
type ServiceQueue struct {
	// The service.
	Service string `json:"service"`
	// Model is in Kendall's notation, such as M/M/2/10: of Poisson arrivals, exponential
	// work, two workers, and room for ten calls at work and in the queue together.
	Model string `json:"model"`
	// Load is what is asked of each worker: 1 is all that it can do.
	Load float64 `json:"load"`
	// MeanWait is that of all calls that are admitted, QueuedMeanWait of those that find
	// no worker free, as Capacity.MeanWait.
	MeanWait float64 `json:"mean_wait_seconds"`
	// Mean wait of the calls that find no worker free, as mean_wait_seconds of a capacity.
	QueuedMeanWait float64 `json:"queued_mean_wait_seconds"`
	// RefusedShare is the share of the calls that find the queue full.
	RefusedShare float64 `json:"refused_share"`
}

// Intervals are 95 % intervals of simulated figures, by batch means. A nil
// one is undecided: the simulation was too short, or a fault acts for a while only.
type Intervals struct {
	// That of the share of the requests that fail.
	ErrorRate *Bounds `json:"error_rate"`
	// Those of the latency.
	Latency QuantilesBounds `json:"latency_seconds"`
	// That of the share of the answers that are stale.
	StaleShare *Bounds `json:"stale_share"`
	// Those of the age of the stale answers.
	Staleness QuantilesBounds `json:"staleness_seconds"`
	// Those of the lag.
	ReplicationLag QuantilesBounds `json:"replication_lag_seconds"`
}

// QuantilesBounds are the intervals of Quantiles, in seconds.
type QuantilesBounds struct {
	// Of p50.
	P50 *Bounds `json:"p50"`
	// Of p75.
	P75 *Bounds `json:"p75"`
	// Of p90.
	P90 *Bounds `json:"p90"`
	// Of p99.
	P99 *Bounds `json:"p99"`
	// Of p99.9.
	P999 *Bounds `json:"p99.9"`
	// Of p99.99.
	P9999 *Bounds `json:"p99.99"`
	// Of the mean.
	Mean *Bounds `json:"mean"`
}

// Bounds are those of an interval, both closed.
type Bounds struct {
	// The lower one.
	Low float64 `json:"low"`
	// The upper one.
	High float64 `json:"high"`
}

// Quantiles summarises a distribution, in seconds.
type Quantiles struct {
	// The median.
	P50 float64 `json:"p50"`
	// The 75th percentile.
	P75 float64 `json:"p75"`
	// The 90th percentile.
	P90 float64 `json:"p90"`
	// The 99th percentile.
	P99 float64 `json:"p99"`
	// The 99.9th percentile.
	P999 float64 `json:"p99.9"`
	// The 99.99th percentile.
	P9999 float64 `json:"p99.99"`
	// The mean.
	Mean float64 `json:"mean"`
}
