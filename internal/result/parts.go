package result

import "crosstalk/internal/fault"

// GC is what a garbage collector did. Pauses stop all goroutines of the process;
// their times, in seconds, are rounded up to the ends of the buckets that Go's
// runtime counts them in.
type GC struct {
	// Percent is GOGC: how much the heap may grow before it is collected.
	Percent int64 `json:"percent"`
	// SpareBytes is by how much it may grow at least; 0 is by no more than Percent.
	SpareBytes int64   `json:"spare_bytes,omitempty"`
	Cycles     int64   `json:"cycles"`
	Pauses     int64   `json:"pauses"`
	P50        float64 `json:"pause_p50_seconds"`
	P99        float64 `json:"pause_p99_seconds"`
	Max        float64 `json:"pause_max_seconds"`
}

// Fault is one injection, as asked and as delivered.
type Fault struct {
	Target string     `json:"target"`
	Kind   fault.Kind `json:"kind"`
	// Code is the gRPC code name of an abort.
	Code string `json:"code,omitempty"`

	// The share of the interactions, in the window if there is one, that met the
	// fault, asked and delivered, and the 95 % Wilson interval of the delivered one.
	// Of a slow one, Asked is the factor.
	Asked        float64 `json:"asked"`
	Delivered    float64 `json:"delivered"`
	Low          float64 `json:"low"`
	High         float64 `json:"high"`
	Interactions int64   `json:"interactions"`

	// Of a delay and of a slow one: the mean over the delayed interactions.
	MeanAskedSeconds     float64 `json:"mean_asked_seconds,omitempty"`
	MeanDeliveredSeconds float64 `json:"mean_delivered_seconds,omitempty"`

	// Window is when the fault acts; nil is always. Of a fault that its window says
	// all about, as an outage, DeliveredWindow is when it really acted.
	Window          *Window `json:"window,omitempty"`
	DeliveredWindow *Window `json:"delivered_window,omitempty"`
}

// Window is a stretch of the run, from the start of the measured part.
type Window struct {
	StartSeconds  float64 `json:"start_seconds"`
	LengthSeconds float64 `json:"length_seconds"`
}

// End is the moment at which the window ends, in seconds.
func (w Window) End() float64 { return w.StartSeconds + w.LengthSeconds }

// Impact is what the entry's callers felt of the faults of one window.
type Impact struct {
	// Faults are those that share the window, as flags have them.
	Faults []string `json:"faults"`
	Window Window   `json:"window"`
	// Requests is how many were due in the window, BaselineRequests how many in the
	// baseline, 0 in older files; ErrorRate is how many of those in the window failed; BaselineErrorRate is that of the baseline, the requests that were
	// due shortly before the window.
	Requests          int64    `json:"requests"`
	BaselineRequests  int64    `json:"baseline_requests,omitempty"`
	ErrorRate         Interval `json:"error_rate"`
	BaselineErrorRate Interval `json:"baseline_error_rate"`
	// UnderWay is how many had been sent and were not answered when the window began,
	// and Cut how many of those failed: what is lost by a kill, and not by a stop.
	UnderWay int64 `json:"under_way,omitempty"`
	Cut      int64 `json:"cut,omitempty"`
	// Copies is how many copies the service has of which one was killed or stopped,
	// where there are several. EvenAfter is from the window's end until the first
	// second from which on each copy answered a share of the service's queries that is
	// within 20 % of an equal one, or as near to it as chance makes it; Even is false
	// where that was not seen. Seconds are whole ones of the measured part.
	Copies    int64   `json:"copies,omitempty"`
	EvenAfter float64 `json:"even_after_seconds,omitempty"`
	Even      bool    `json:"even,omitempty"`
	// P99 is that of the successes' latency, 0 where none succeeded. The bounds are the
	// ends of its 95 % interval, as of all percentiles; nil where none succeeded, and in
	// older files.
	P99               float64 `json:"latency_p99_seconds"`
	P99Bounds         *Bounds `json:"latency_p99_interval_seconds,omitempty"`
	BaselineP99       float64 `json:"baseline_latency_p99_seconds"`
	BaselineP99Bounds *Bounds `json:"baseline_latency_p99_interval_seconds,omitempty"`
	// SlowShare is the share of the successes that took longer than BaselineP99: 1 %
	// where nothing is felt.
	SlowShare float64 `json:"slow_share"`
	// StaleShare is that of the successes; MaxStaleness is the age of the oldest.
	StaleShare         float64 `json:"stale_share"`
	BaselineStaleShare float64 `json:"baseline_stale_share"`
	MaxStaleness       float64 `json:"staleness_max_seconds"`
	// Recovery is from the window's end until errors and latency are back within
	// what the baseline makes likely; Recovered is false where that was not seen.
	Recovery  float64 `json:"recovery_seconds"`
	Recovered bool    `json:"recovered"`
	// Drain is from the window's end until every change that was acknowledged
	// before it was visible in every replica; Drained is false where that was not
	// seen.
	Drain   float64 `json:"drain_seconds"`
	Drained bool    `json:"drained"`
}

// Bootstrap is what a copy read of its owner's changes when its process started.
type Bootstrap struct {
	Service string `json:"service"`
	Owner   string `json:"owner"`
	Events  int64  `json:"events"`
	// Bytes is the size of the keys and payloads of these events.
	Bytes int64   `json:"bytes"`
	Took  float64 `json:"took_seconds"`
}

// Process is one that took part in a run.
type Process struct {
	// Name is "driver", the service, or "A/1" for the second copy of A.
	Name string `json:"name"`
	// Starts is how often it was started: more than once where it was killed.
	Starts int64 `json:"starts"`
	// CPUSecondsPer1000 is its CPU time in the measured part, per
	// 1000 requests that were sent; MaxResidentBytes the most memory that it held.
	CPUSecondsPer1000 float64 `json:"cpu_seconds_per_1000"`
	MaxResidentBytes  int64   `json:"max_resident_bytes"`
	// Served is, by second of the measured part, the queries that it answered well.
	Served []int64 `json:"served_by_second,omitempty"`
}

// Stage is a part of a request's way.
type Stage struct {
	Name string `json:"name"`
	// Mean is over all successes: 0 where a scenario has no such stage.
	Mean float64 `json:"mean_seconds"`
}

// Policy is what a service did about one of its needs, in the measured part.
type Policy struct {
	Consumer string `json:"consumer"`
	Need     string `json:"need"`
	// Calls is how often the need was to be met, Tries how often it was asked;
	// their quotient is Amplification.
	Calls         int64   `json:"calls"`
	Tries         int64   `json:"tries"`
	Amplification float64 `json:"amplification"`
	Retries       int64   `json:"retries"`
	Hedges        int64   `json:"hedges"`
	// Saved counts the calls that succeeded by a later try, a hedge or the
	// fallback; Failed those that failed in the end; Cancelled those that the
	// consumer gave up, as where another of its dependencies had failed: they say
	// nothing of this one. Runs from before there was Cancelled have them in Failed.
	Saved     int64 `json:"saved"`
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled,omitempty"`
	// Refused counts the calls that an open breaker refused, OverBudget the tries
	// that the budget did not allow, Fallbacks the answers by the fallback.
	Refused    int64 `json:"refused"`
	OverBudget int64 `json:"over_budget"`
	Fallbacks  int64 `json:"fallbacks"`
	// Failures counts the tries that failed, by gRPC code name; those that the
	// consumer gave up are left out.
	Failures map[string]int64 `json:"failures,omitempty"`
}

// Capacity is how full a service with a bound was, in the measured part.
type Capacity struct {
	Service string `json:"service"`
	Workers int64  `json:"workers"`
	Queue   int64  `json:"queue"`
	// Arrived less Refused and Queued is what found a worker free.
	Arrived      int64   `json:"arrived"`
	Refused      int64   `json:"refused"`
	Queued       int64   `json:"queued"`
	LongestQueue int64   `json:"longest_queue"`
	MeanWait     float64 `json:"mean_wait_seconds"`
}

// Second is one second of a run, by due time. Second 0 is the first one of the
// measured part; the warm-up's are negative.
type Second struct {
	Second      int     `json:"second"`
	Due         int64   `json:"due"`
	Succeeded   int64   `json:"succeeded"`
	Failed      int64   `json:"failed"`
	P50         float64 `json:"latency_p50_seconds"`
	P99         float64 `json:"latency_p99_seconds"`
	Stale       int64   `json:"stale"`
	MaxStale    float64 `json:"staleness_max_seconds"`
	MaxLateness float64 `json:"lateness_max_seconds"`
}
