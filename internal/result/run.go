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

	Faults []Fault `json:"faults"`
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
	// CPUSecondsPer1000 is the CPU time of the driver's process, with all that
	// runs in it, per 1000 requests that were sent.
	CPUSecondsPer1000 float64 `json:"cpu_seconds_per_1000"`

	Series []Second `json:"series"`
}

// Environment is where a run ran.
type Environment struct {
	Go     string `json:"go"`
	Commit string `json:"commit"`
	OS     string `json:"os"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	// Bus is "none", "embedded" or the address of a Kafka cluster.
	Bus string `json:"bus"`
	// Stores is the kind of database by service.
	Stores map[string]string `json:"stores"`
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
	// RateAchieved is the requests sent per second of the measured part.
	RateAchieved float64 `json:"rate_achieved"`
	// Throughput is the successes per second of the measured part.
	Throughput float64 `json:"throughput"`
}

// Writes counts the driver's writes to the owners, warm-up not included.
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
}

// Fault is one injection, as asked and as delivered.
type Fault struct {
	Target string `json:"target"`
	// Kind is "abort", "hang", "delay" or "outage".
	Kind string `json:"kind"`
	// Code is the gRPC code name of an abort.
	Code string `json:"code,omitempty"`

	// Of an abort or a hang: the share of interactions that failed, asked and
	// delivered, and the 95 % Wilson interval of the delivered one. Of a delay:
	// the share that was delayed.
	Asked        float64 `json:"asked"`
	Delivered    float64 `json:"delivered"`
	Low          float64 `json:"low"`
	High         float64 `json:"high"`
	Interactions int64   `json:"interactions"`

	// Of a delay: the mean over the delayed interactions.
	MeanAskedSeconds     float64 `json:"mean_asked_seconds,omitempty"`
	MeanDeliveredSeconds float64 `json:"mean_delivered_seconds,omitempty"`

	// Of an outage: when it began, from the start of the measured part, and how
	// long it lasted, asked and delivered.
	StartSeconds           float64 `json:"start_seconds,omitempty"`
	LengthSeconds          float64 `json:"length_seconds,omitempty"`
	DeliveredStartSeconds  float64 `json:"delivered_start_seconds,omitempty"`
	DeliveredLengthSeconds float64 `json:"delivered_length_seconds,omitempty"`
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
