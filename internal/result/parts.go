package result

import "crosstalk/internal/counts"

// GC is what a garbage collector did. Pauses stop all goroutines of the process;
// their times, in seconds, are rounded up to the ends of the buckets that Go's
// runtime counts them in.
type GC struct {
	// Percent is GOGC: how much the heap may grow before it is collected.
	Percent int64 `json:"percent"`
	// SpareBytes is by how much it may grow at least; 0 is by no more than Percent.
	SpareBytes int64 `json:"spare_bytes,omitempty"`
	// Collections that were completed.
	Cycles int64 `json:"cycles"`
	// Times that all goroutines of the process were stopped for it.
	Pauses int64 `json:"pauses"`
	// Median of the pauses, rounded up to the end of its bucket.
	P50 float64 `json:"pause_p50_seconds"`
	// 99th percentile of the pauses, rounded up likewise.
	P99 float64 `json:"pause_p99_seconds"`
	// The longest pause, rounded up likewise.
	Max float64 `json:"pause_max_seconds"`
}

// Impact is what the entry's callers felt of the faults of one window.
type Impact struct {
	// Faults are those that share the window, as flags have them.
	Faults []string `json:"faults"`
	// The window.
	Window counts.Window `json:"window"`
	// Requests is how many were due in the window, BaselineRequests how many in the
	// baseline, 0 in older files; ErrorRate is how many of those in the window failed; BaselineErrorRate is that of the baseline, the requests that were
	// due shortly before the window.
	Requests int64 `json:"requests"`
	// The same before the window; missing in older files.
	BaselineRequests int64 `json:"baseline_requests,omitempty"`
	// Share of them that failed.
	ErrorRate Interval `json:"error_rate"`
	// The same of the requests that were due shortly before the window.
	BaselineErrorRate Interval `json:"baseline_error_rate"`
	// UnderWay is how many had been sent and were not answered when the window began,
	// and Cut how many of those failed: what is lost by a kill, and not by a stop.
	UnderWay int64 `json:"under_way,omitempty"`
	// How many of those failed.
	Cut int64 `json:"cut,omitempty"`
	// Copies is how many copies the service has of which one was killed or stopped,
	// where there are several. EvenAfter is from the window's end until the first
	// second from which on each copy answered a share of the service's queries that is
	// within 20 % of an equal one, or as near to it as chance makes it; Even is false
	// where that was not seen. Seconds are whole ones of the measured part.
	Copies int64 `json:"copies,omitempty"`
	// From the window's end until the first second from which on each copy answered an equal
	// share of the service's queries, within 20 % or what chance makes of it.
	EvenAfter float64 `json:"even_after_seconds,omitempty"`
	// Whether that was seen.
	Even bool `json:"even,omitempty"`
	// P99 is that of the successes' latency, 0 where none succeeded. The bounds are the
	// ends of its 95 % interval, as of all percentiles; nil where none succeeded, and in
	// older files.
	P99 float64 `json:"latency_p99_seconds"`
	// The 95 % interval of that, by the order statistics of the successes, taken for
	// independent. A missing end is open: they are too few to bound it. Missing where none
	// succeeded, and in older files.
	P99Bounds *Bounds `json:"latency_p99_interval_seconds,omitempty"`
	// The same before the window.
	BaselineP99 float64 `json:"baseline_latency_p99_seconds"`
	// The 95 % interval of that.
	BaselineP99Bounds *Bounds `json:"baseline_latency_p99_interval_seconds,omitempty"`
	// SlowShare is the share of the successes that took longer than BaselineP99: 1 %
	// where nothing is felt.
	SlowShare float64 `json:"slow_share"`
	// StaleShare is that of the successes; MaxStaleness is the age of the oldest.
	StaleShare float64 `json:"stale_share"`
	// The same before the window.
	BaselineStaleShare float64 `json:"baseline_stale_share"`
	// Age of the oldest answer.
	MaxStaleness float64 `json:"staleness_max_seconds"`
	// Recovery is from the window's end until errors and latency are back within
	// what the baseline makes likely; Recovered is false where that was not seen.
	Recovery float64 `json:"recovery_seconds"`
	// Whether that was seen.
	Recovered bool `json:"recovered"`
	// Drain is from the window's end until every change that was acknowledged
	// before it was visible in every replica; Drained is false where that was not
	// seen.
	Drain float64 `json:"drain_seconds"`
	// Whether that was seen.
	Drained bool `json:"drained"`
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
	// The most memory that it held at once.
	MaxResidentBytes int64 `json:"max_resident_bytes"`
	// Served is, by second of the measured part, the queries that it answered well.
	Served []int64 `json:"served_by_second,omitempty"`
}

// Stage is a part of a request's way.
type Stage struct {
	// What it is.
	Name string `json:"name"`
	// Mean is over all successes: 0 where a scenario has no such stage.
	Mean float64 `json:"mean_seconds"`
}

// Second is one second of a run, by due time. Second 0 is the first one of the
// measured part; the warm-up's are negative.
type Second struct {
	// Number of the second, from the start of the measured part; negative in the warm-up.
	Second int `json:"second" schema:"signed"`
	// Requests due in this second.
	Due int64 `json:"due"`
	// Those of them that succeeded.
	Succeeded int64 `json:"succeeded"`
	// Those of them that failed.
	Failed int64 `json:"failed"`
	// Median of their latency (done − due, of successes), in seconds; 0 without successes.
	P50 float64 `json:"latency_p50_seconds"`
	// 99th percentile of their latency, in seconds; 0 without successes.
	P99 float64 `json:"latency_p99_seconds"`
	// Those of them with a stale answer.
	Stale int64 `json:"stale"`
	// Largest staleness of these answers, in seconds; 0 without one.
	MaxStale float64 `json:"staleness_max_seconds"`
	// Largest lateness (sent − due) of these requests, in seconds.
	MaxLateness float64 `json:"lateness_max_seconds"`
}
