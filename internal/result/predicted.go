package result

// Predicted is what theory says of an experiment in a scenario.
type Predicted struct {
	// Method is "closed form" or "simulation", Why what made the latter necessary.
	Method    string  `json:"method"`
	Why       string  `json:"why"`
	ErrorRate float64 `json:"error_rate"`
	// Latency is of successes, as Run.Latency.
	Latency PredictedQuantiles `json:"latency_seconds"`
	// StaleShare is the share of the answers that are stale, Staleness how old
	// those are.
	StaleShare     float64            `json:"stale_share"`
	Staleness      PredictedQuantiles `json:"staleness_seconds"`
	ReplicationLag PredictedQuantiles `json:"replication_lag_seconds"`
	// TriesPerRequest is how often a need is tried, by CONSUMER→SUPPLIER.
	TriesPerRequest map[string]float64 `json:"tries_per_request"`
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
