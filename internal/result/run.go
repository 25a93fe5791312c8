// Package result is a run's record: what was asked, where it ran, what came out.
//
// Its law: the run's folder is the joint between commands. Only a run writes
// one, everything else reads it, and a figure that is not in the folder does
// not exist. Names carry their units; durations in JSON are seconds.
package result

import (
	"encoding/json"
	"time"
)

// SchemaVersion is the version of run.json that this package writes.
const SchemaVersion = 1

// Verdict is what a run's figures are worth.
type Verdict string

// The verdicts, from best to worst.
const (
	// OK: the figures can be used.
	OK Verdict = "ok"
	// Interrupted: ended early by the user; the figures cover what was measured.
	Interrupted Verdict = "interrupted"
	// Invalid: the instrument was the limit, not the services.
	Invalid Verdict = "invalid"
	// Wrong: an answer went backwards, was missing or was corrupt.
	Wrong Verdict = "wrong"
)

// Run is one execution of an experiment in one scenario: the content of run.json.
type Run struct {
	Schema   int      `json:"schema"`
	Scenario string   `json:"scenario"`
	Verdict  Verdict  `json:"verdict"`
	Warnings []string `json:"warnings"`
	// Started is when the measured part began, by the driver's wall clock.
	Started time.Time `json:"started"`
	// Attached is which of the drivers this was that added load to what another one had
	// prepared, from 1 on: it wrote nothing, and what the nodes tell stands in the other
	// one's run. 0 is one that prepared its nodes.
	Attached int `json:"attached,omitempty"`
	// MeasuredSeconds is how long requests were due, without warm-up and drain.
	MeasuredSeconds float64 `json:"measured_seconds"`

	// Experiment is all that was asked, defaults filled in.
	Experiment  json.RawMessage `json:"experiment"`
	Environment Environment     `json:"environment"`

	Requests Requests `json:"requests"`
	// WarmUp is counted nowhere else but in the series.
	WarmUp Counts `json:"warm_up"`
	Writes Writes `json:"writes"`
	// ErrorRate is the share of the requests sent that failed.
	ErrorRate Interval `json:"error_rate"`
	// StaleRate is the share of the judged successes that were stale.
	StaleRate Interval `json:"stale_rate"`
	// Failures counts the failed requests by gRPC code name.
	Failures map[string]int64 `json:"failures"`

	// Latency is done − due, of successes.
	Latency Quantiles `json:"latency_seconds"`
	// ServiceTime is done − sent, of successes.
	ServiceTime Quantiles `json:"service_time_seconds"`
	// FailedLatency is done − due, of failures.
	FailedLatency Quantiles `json:"failed_latency_seconds"`
	// Lateness is sent − due, of all requests: the instrument's own error.
	Lateness Quantiles `json:"lateness_seconds"`

	Answers Answers `json:"answers"`
	// Staleness is, over the stale answers only, for how long the oldest version
	// in the answer had no longer been the newest when the request was due.
	Staleness Quantiles `json:"staleness_seconds"`
	// ReplicationLag is visible − acknowledged, of changes that a replica applied.
	ReplicationLag Quantiles `json:"replication_lag_seconds"`

	// Stages tells where the time of the successes went, in the order of their way:
	// the means add up to that of the latency.
	Stages []Stage `json:"stages"`
	// Predicted is what theory says of the experiment, without any load.
	Predicted *Predicted `json:"predicted,omitempty"`

	Faults []Fault `json:"faults"`
	// Impacts tells of each window of faults what the callers felt of it.
	Impacts []Impact `json:"impacts"`
	// Policies tells what the services did about their needs, Capacities how full
	// those with a bound were.
	Policies   []Policy   `json:"policies"`
	Capacities []Capacity `json:"capacities"`
	// Bootstraps tells of each copy, each time that its process started, what it read
	// until it had caught up.
	Bootstraps []Bootstrap `json:"bootstraps,omitempty"`
	// StorageBytes is, by service, what it keeps in its database; CopyBytes is how
	// much of that is copies of other services' records.
	StorageBytes map[string]int64 `json:"storage_bytes"`
	CopyBytes    map[string]int64 `json:"copy_bytes"`
	// Events counts the events that the requests and writes of the measured part
	// led to.
	Events           int64   `json:"events"`
	EventsPerRequest float64 `json:"events_per_request"`
	// LateReplies counts bus replies that arrived after their requester gave up.
	LateReplies int64 `json:"late_replies"`
	// DeadLetters counts the events that could not be decoded and were set aside,
	// LostChanges the changes that a replica will never have, since their events
	// were dropped or could not be decoded. Neither keeps the warm-up out.
	DeadLetters int64 `json:"dead_letters"`
	LostChanges int64 `json:"lost_changes"`
	// UnseenChanges counts the acknowledged changes that were not visible in every
	// replica when the run ended; ReplicationLag leaves them out.
	UnseenChanges int64 `json:"unseen_changes"`
	// ComparedRows counts the rows of the copies that were held against their owners'
	// once all was quiet. One that differs makes the run a wrong one.
	ComparedRows int64 `json:"compared_rows,omitempty"`
	// CPUSecondsPer1000 is the CPU time of the driver's process, with all that
	// runs in it, and of the nodes that are processes of their own, per 1000
	// requests that were sent.
	CPUSecondsPer1000 float64 `json:"cpu_seconds_per_1000"`
	// Processes tells the driver and the nodes apart, where they are processes.
	Processes []Process `json:"processes,omitempty"`
	// GC is what the garbage collector of that process did in the measured part: the
	// instrument's own doing, where the services are processes of their own. It is
	// nil where it was not measured.
	GC *GC `json:"gc,omitempty"`

	Series []Second `json:"series"`
}

// GC is what a garbage collector did. Pauses stop all goroutines of the process;
// their times, in seconds, are rounded up to the ends of the buckets that Go's
// runtime counts them in.
type GC struct {
	// Percent is GOGC: how much the heap may grow before it is collected.
	Percent int64   `json:"percent"`
	Cycles  int64   `json:"cycles"`
	Pauses  int64   `json:"pauses"`
	P50     float64 `json:"pause_p50_seconds"`
	P99     float64 `json:"pause_p99_seconds"`
	Max     float64 `json:"pause_max_seconds"`
}

// Environment is where a run ran.
type Environment struct {
	Go     string `json:"go"`
	Commit string `json:"commit"`
	OS     string `json:"os"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	// Placement is where the services ran: "process" or "elsewhere"; empty is in the
	// driver's process.
	Placement string `json:"placement,omitempty"`
	// Bus is "none", "embedded" or the address of a Kafka cluster.
	Bus string `json:"bus"`
	// BusRoundTrip is how far the cluster is away; nil where it was not measured.
	BusRoundTrip *RoundTrip `json:"bus_round_trip,omitempty"`
	// Stores is the kind of database by service.
	Stores map[string]string `json:"stores"`
	// Instrument is what was measured of the instrument before the load; nil where it
	// was not examined.
	Instrument *Instrument `json:"instrument,omitempty"`
}

// RoundTrip is how long a request of 128 bytes and its reply took over a run's
// cluster, before the load, one at a time, and in turns with that over an embedded
// broker in the driver's process.
type RoundTrip struct {
	Count       int64   `json:"count"`
	P50         float64 `json:"p50_seconds"`
	P99         float64 `json:"p99_seconds"`
	EmbeddedP50 float64 `json:"embedded_p50_seconds"`
	EmbeddedP99 float64 `json:"embedded_p99_seconds"`
}

// Counts counts reads of the entry service.
type Counts struct {
	Due       int64 `json:"due"`
	Sent      int64 `json:"sent"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
}

// Requests counts reads of the entry service, and gives their rates.
type Requests struct {
	// Due less Sent is what was given up before it was sent.
	Due       int64 `json:"due"`
	Sent      int64 `json:"sent"`
	Succeeded int64 `json:"succeeded"`
	Failed    int64 `json:"failed"`
	// RateAsked is the requests due per second; 0 in a closed loop.
	RateAsked float64 `json:"rate_asked"`
	// RateAchieved is the requests that were sent within the measured part, per
	// second of it, and Throughput those that succeeded within it: what really
	// passed. What a driver that cannot keep up sends, or has answered, after the
	// end is in neither; what was due in the warm-up is, where it passed later.
	RateAchieved float64 `json:"rate_achieved"`
	Throughput   float64 `json:"throughput"`
}

// Writes counts the driver's writes to the owners, warm-up not included. Due less
// Acknowledged and Failed is what was given up before it was sent.
type Writes struct {
	Due          int64 `json:"due"`
	Acknowledged int64 `json:"acknowledged"`
	Failed       int64 `json:"failed"`
}

// Interval is a share with its 95 % Wilson score interval.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Quantiles summarises a distribution, in seconds. All are 0 where Count is 0.
type Quantiles struct {
	Count int64   `json:"count"`
	Min   float64 `json:"min"`
	P50   float64 `json:"p50"`
	P75   float64 `json:"p75"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	P9999 float64 `json:"p99.99"`
	Max   float64 `json:"max"`
	Mean  float64 `json:"mean"`
}

// Answers counts what the oracle said of the successes. Missing counts the
// failures as well of which the oracle knows that there was a record to be found.
type Answers struct {
	Correct   int64 `json:"correct"`
	Stale     int64 `json:"stale"`
	Backwards int64 `json:"backwards"`
	Missing   int64 `json:"missing"`
	Corrupt   int64 `json:"corrupt"`
	// Unjudged counts the successes that are intact and of which nothing more is known:
	// those of attached drivers.
	Unjudged int64 `json:"unjudged,omitempty"`
}

// Judged is how many successes are known to be stale or not.
func (r *Run) Judged() int64 { return r.Requests.Succeeded - r.Answers.Unjudged }

// Fault is one injection, as asked and as delivered.
type Fault struct {
	Target string `json:"target"`
	// Kind is "abort", "hang", "delay", "slow", "outage", "freeze", "drop",
	// "duplicate", "reorder", "stall", "rebalance", "poison", "kill" or "stop".
	Kind string `json:"kind"`
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
	// Requests is how many were due in the window, ErrorRate how many of them
	// failed; BaselineErrorRate is that of the baseline, the requests that were
	// due shortly before the window.
	Requests          int64    `json:"requests"`
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
	// P99 is that of the successes' latency, 0 where none succeeded.
	P99         float64 `json:"latency_p99_seconds"`
	BaselineP99 float64 `json:"baseline_latency_p99_seconds"`
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
	// fallback; Failed those that failed in the end.
	Saved  int64 `json:"saved"`
	Failed int64 `json:"failed"`
	// Refused counts the calls that an open breaker refused, OverBudget the tries
	// that the budget did not allow, Fallbacks the answers by the fallback.
	Refused    int64 `json:"refused"`
	OverBudget int64 `json:"over_budget"`
	Fallbacks  int64 `json:"fallbacks"`
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
