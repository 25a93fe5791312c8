// Package result is a run's record: what was asked, where it ran, what came out.
//
// Its law: the run's folder is the joint between commands. Only a run writes
// one, everything else reads it, and a figure that is not in the folder does
// not exist. Names carry their units; durations in JSON are seconds.
package result

import (
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/experiment"
	"crosstalk/internal/stats"
	"crosstalk/internal/theory"
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
	// Version of this schema.
	Schema int `json:"schema"`
	// Name of the scenario.
	Scenario string `json:"scenario"`
	// What the figures are worth: usable, ended early, limited by the instrument, or with
	// wrong answers.
	Verdict Verdict `json:"verdict"`
	// What a reader of the figures must know.
	Warnings []string `json:"warnings"`
	// Started is when the measured part began, by the driver's wall clock.
	Started time.Time `json:"started"`
	// Attached is which of the drivers this was that added load to what another one had
	// prepared, from 1 on: it wrote nothing, and what the nodes tell stands in the other
	// one's run. 0 is one that prepared its nodes.
	Attached int `json:"attached,omitempty" schema:"min=1"`
	// ID tells the run from all others; empty in older files and of a merged run, whose
	// Parts are the identities of all runs that are in it.
	ID string `json:"id,omitempty"`
	// Of a merged run, the identities of all runs that are in it.
	Parts []string `json:"parts,omitempty"`
	// MeasuredSeconds is how long requests were due, without warm-up and drain.
	MeasuredSeconds float64 `json:"measured_seconds"`

	// Experiment is all that was asked, defaults filled in.
	Experiment experiment.Experiment `json:"experiment"`
	// Where the run ran.
	Environment Environment `json:"environment"`

	// Reads of the measured part.
	Requests Requests `json:"requests"`
	// WarmUp is counted nowhere else but in the series.
	WarmUp Counts `json:"warm_up"`
	// Writes of the measured part.
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
	// HandlingDelay is from the arrival of an answer until the driver counted it, of all
	// requests: the driver's own time, which is in no latency. Runs before it was measured
	// have none.
	HandlingDelay Quantiles `json:"handling_delay_seconds,omitzero"`

	// What the oracle said of the answers.
	Answers Answers `json:"answers"`
	// Staleness is, over the stale answers only, for how long the oldest version
	// in the answer had no longer been the newest when the request was due.
	Staleness Quantiles `json:"staleness_seconds"`
	// ReplicationLag is visible − acknowledged, of changes that a replica applied.
	ReplicationLag Quantiles `json:"replication_lag_seconds"`
	// Intervals are the ends of the percentiles' 95 % intervals, by the names of both:
	// those of latency_seconds, p99. There are none where nothing was measured.
	Intervals map[string]map[string]Bounds `json:"percentile_intervals,omitempty"`

	// Stages tells where the time of the successes went, in the order of their way:
	// the means add up to that of the latency.
	Stages []Stage `json:"stages"`
	// Predicted is what theory says of the experiment, without any load.
	Predicted *theory.Prediction `json:"predicted,omitempty"`

	// Counts is what all processes together have counted; of it, EventsPerRequest.
	counts.Counts
	// Events per request that was sent.
	EventsPerRequest float64 `json:"events_per_request"`
	// Impacts tells of each window of faults what the callers felt of it.
	Impacts []Impact `json:"impacts"`
	// Silences are the times in which a process gave no sign of life though no fault had
	// taken it away: something outside of the run had stopped or starved it.
	Silences []Silence `json:"silences,omitempty"`
	// StorageBytes is, by service, what it keeps in its database; CopyBytes is how
	// much of that is copies of other services' records.
	StorageBytes map[string]int64 `json:"storage_bytes"`
	// How much of what each service keeps is copies of other services' records, in bytes.
	CopyBytes map[string]int64 `json:"copy_bytes"`
	// UnseenChanges counts the acknowledged changes that were not visible in every
	// replica when the run ended; ReplicationLag leaves them out.
	UnseenChanges int64 `json:"unseen_changes"`
	// ComparedRows counts the rows of the copies that were held against their owners'
	// once all was quiet. One that differs makes the run a wrong one.
	ComparedRows int64 `json:"compared_rows,omitempty"`
	// Comparison is what came of holding the databases against each other after the
	// load; nil in runs from before there was one.
	Comparison *Comparison `json:"comparison,omitempty"`
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
	// MaxResidentBytes is the most memory that the driver's process has held until the
	// run's end, with all that runs in it, earlier runs included; 0 where it is not known.
	MaxResidentBytes int64 `json:"max_resident_bytes,omitempty"`

	// The seconds of the run, without gaps, in order.
	Series []Second `json:"series"`
}

// Environment is where a run ran.
type Environment struct {
	// Version of Go.
	Go string `json:"go"`
	// Revision of the program; "unknown" where the build did not note it, as go run does not
	// without -buildvcs=true.
	Commit string `json:"commit"`
	// Operating system and architecture.
	OS string `json:"os"`
	// CPU model.
	CPU string `json:"cpu"`
	// Cores that the driver's process could use.
	Cores int `json:"cores" schema:"min=1"`
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

// Silence is for how long a process did not answer on its control, from the start of the
// measured part, good to a quarter of a second.
type Silence struct {
	// Name of the process, as in processes.
	Process string `json:"process"`
	// From the start of the measured part.
	StartSeconds float64 `json:"start_seconds" schema:"signed"`
	// Until the next sign of life, or the end of the run.
	LengthSeconds float64 `json:"length_seconds"`
}

// RoundTrip is how long a request of 128 bytes and its reply took over a run's
// cluster, before the load, one at a time, and in turns with that over an embedded
// broker in the driver's process.
type RoundTrip struct {
	// Requests over each of the two.
	Count int64 `json:"count" schema:"min=1"`
	// Median over the cluster.
	P50 float64 `json:"p50_seconds"`
	// 99th percentile over the cluster.
	P99 float64 `json:"p99_seconds"`
	// Median over the embedded broker.
	EmbeddedP50 float64 `json:"embedded_p50_seconds"`
	// 99th percentile over the embedded broker.
	EmbeddedP99 float64 `json:"embedded_p99_seconds"`
}

// Counts counts reads of the entry service.
type Counts struct {
	// Requests that were due.
	Due int64 `json:"due"`
	// Requests that were sent.
	Sent int64 `json:"sent"`
	// Requests that were answered.
	Succeeded int64 `json:"succeeded"`
	// Requests that failed, by error or timeout.
	Failed int64 `json:"failed"`
}

// Requests counts reads of the entry service, and gives their rates.
type Requests struct {
	// Due less Sent is what was given up before it was sent.
	Due int64 `json:"due"`
	// Requests that were sent.
	Sent int64 `json:"sent"`
	// Requests that were answered.
	Succeeded int64 `json:"succeeded"`
	// Requests that failed, by error or timeout.
	Failed int64 `json:"failed"`
	// RateAsked is the requests due per second; 0 in a closed loop.
	RateAsked float64 `json:"rate_asked"`
	// RateAchieved is the requests that were sent within the measured part, per
	// second of it, and Throughput those that succeeded within it: what really
	// passed. What a driver that cannot keep up sends, or has answered, after the
	// end is in neither; what was due in the warm-up is, where it passed later.
	RateAchieved float64 `json:"rate_achieved"`
	// Requests that succeeded within the measured part, whenever they were due, per second of
	// it.
	Throughput float64 `json:"throughput"`
	// Interrupted counts the requests that were in flight at an interrupt and were
	// cancelled some time after it. They are in no other count but Due.
	Interrupted int64 `json:"interrupted,omitempty"`
}

// Writes counts the driver's writes to the owners, warm-up not included. Due less
// Acknowledged and Failed is what was given up before it was sent.
type Writes struct {
	// Writes that were due. Less the others, it is what was given up before it was sent.
	Due int64 `json:"due"`
	// Writes that the owner acknowledged.
	Acknowledged int64 `json:"acknowledged"`
	// Writes that failed, by error or timeout.
	Failed int64 `json:"failed"`
	// Failures counts the failed ones by gRPC code name; nil where none has failed, and
	// in older files.
	Failures map[string]int64 `json:"failures,omitempty"`
	// Interrupted counts those that were in flight at an interrupt and were cancelled
	// some time after it: they may have been stored.
	Interrupted int64 `json:"interrupted,omitempty"`
}

// Sent is how many writes were sent.
func (w Writes) Sent() int64 { return w.Acknowledged + w.Failed }

// ErrorRate is the share of the writes sent that failed.
func (w Writes) ErrorRate() Interval { return Share(w.Failed, w.Sent()) }

// Interval is a share with its 95 % Wilson score interval.
type Interval struct {
	// The share, from 0 to 1.
	Value float64 `json:"value" schema:"max=1"`
	// Lower end of the interval, from 0 to 1.
	Low float64 `json:"low" schema:"max=1"`
	// Upper end of the interval, from 0 to 1.
	High float64 `json:"high" schema:"max=1"`
}

// Share returns the share that k is of n, with its interval; of none, 0 and all of
// [0, 1].
func Share(k, n int64) Interval {
	low, high := stats.Wilson(k, n)
	return Interval{Value: float64(k) / float64(max(n, 1)), Low: low, High: high}
}

// Quantiles summarises a distribution, in seconds. All are 0 where Count is 0.
type Quantiles struct {
	// Number of values.
	Count int64 `json:"count"`
	// Smallest value, in seconds; exact.
	Min float64 `json:"min"`
	// 50th percentile, in seconds, to 3 significant digits.
	P50 float64 `json:"p50"`
	// 75th percentile, in seconds, to 3 significant digits.
	P75 float64 `json:"p75"`
	// 90th percentile, in seconds, to 3 significant digits.
	P90 float64 `json:"p90"`
	// 99th percentile, in seconds, to 3 significant digits.
	P99 float64 `json:"p99"`
	// 99.9th percentile, in seconds, to 3 significant digits.
	P999 float64 `json:"p99.9"`
	// 99.99th percentile, in seconds, to 3 significant digits.
	P9999 float64 `json:"p99.99"`
	// Largest value, in seconds; exact.
	Max float64 `json:"max"`
	// Arithmetic mean, in seconds; exact.
	Mean float64 `json:"mean"`
}

// Answers counts what the oracle said of the successes. Missing counts the
// failures as well of which the oracle knows that there was a record to be found.
type Answers struct {
	// Answers with the newest versions.
	Correct int64 `json:"correct"`
	// Answers with a version that was no longer the newest when the request was due.
	Stale int64 `json:"stale"`
	// Answers with an older version than had been seen before.
	Backwards int64 `json:"backwards"`
	// Answers, or failures, that lacked a record that exists.
	Missing int64 `json:"missing"`
	// Answers whose content is not what was written.
	Corrupt int64 `json:"corrupt"`
	// Unjudged counts the successes that are intact and of which nothing more is known:
	// those of attached drivers.
	Unjudged int64 `json:"unjudged,omitempty"`
}

// Judged is how many successes are known to be stale or not.
func (r *Run) Judged() int64 { return r.Requests.Succeeded - r.Answers.Unjudged }
