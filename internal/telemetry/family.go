package telemetry

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is a metric's type, by Prometheus' name.
type Type string

// The types.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Family is a metric, with all its labels. Those of a run have scenario and run
// before their own.
type Family struct {
	Name   string
	Type   Type
	Help   string
	Labels []string
}

func ofRun(kind Type, name, help string, labels ...string) Family {
	return Family{name, kind, help, append([]string{"scenario", "run"}, labels...)}
}

// buckets are the classic ones, in seconds. Whoever scrapes native histograms has
// finer ones instead.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func (f Family) counter() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.Name, Help: f.Help}, f.Labels)
}

// histogram is a classic and a native one in one. The native buckets are 10 % wide,
// and at most 160: then the smallest ones are merged, or all begin anew after an hour.
func (f Family) histogram() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: f.Name, Help: f.Help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
		NativeHistogramMinResetDuration: time.Hour,
	}, f.Labels)
}

func (f Family) desc() *prometheus.Desc {
	return prometheus.NewDesc(f.Name, f.Help, f.Labels, nil)
}

// Families are all metrics of this package: those that are told, those that are
// read, and that of the build.
func Families() []Family { return slices.Concat(told, read, []Family{buildInfo}) }

// What is told on the hot path.
var (
	requests = ofRun(Counter, "crosstalk_requests_total",
		"What a service asked of a peer that it needs, warm-up included, by the link between them and the gRPC code of the outcome.",
		"service", "peer", "link", "code")
	requestDuration = ofRun(Histogram, "crosstalk_request_duration_seconds",
		"How long a service waited for a peer that it needs, with all that its policy did.",
		"service", "peer", "link", "code")
	served = ofRun(Counter, "crosstalk_served_requests_total",
		"Queries that a service answered, warm-up included, by the gRPC code of its answer.",
		"service", "code")
	servedDuration = ofRun(Histogram, "crosstalk_served_request_duration_seconds",
		"How long a service took to answer a query: waiting for a worker, its own work and its needs.",
		"service", "code")
	publishDuration = ofRun(Histogram, "crosstalk_bus_publish_duration_seconds",
		"Until the bus had acknowledged what a service published at once, or refused it.",
		"service", "result")
	busWait = ofRun(Histogram, "crosstalk_bus_wait_seconds",
		"From when an event was made until its consumer began to handle it, on the clocks of the two.",
		"service", "topic")
	replicaLag = ofRun(Histogram, "crosstalk_replica_lag_seconds",
		"From when a peer stored a change until the service's copy of it showed it, on the clocks of the two; a change that a newer one overtook is left out.",
		"service", "peer")

	driverRequests = ofRun(Counter, "crosstalk_driver_requests_total",
		"Queries of the driver that are complete, warm-up included, by the gRPC code of the answer.",
		"code")
	driverLatency = ofRun(Histogram, "crosstalk_driver_latency_seconds",
		"From when a query was due until it was answered.",
		"code")
	driverService = ofRun(Histogram, "crosstalk_driver_service_time_seconds",
		"From when a query was sent until it was answered.",
		"code")
	driverLateness = ofRun(Histogram, "crosstalk_driver_lateness_seconds",
		"From when a query was due until the driver sent it.")
	driverStaleness = ofRun(Histogram, "crosstalk_driver_staleness_seconds",
		"Of the stale answers: for how long their oldest version had been outdated when the query was due.")
	driverLag = ofRun(Histogram, "crosstalk_driver_replica_lag_seconds",
		"From a write's acknowledgement until a copy showed it, on the driver's clock.")
	driverAnswers = ofRun(Counter, "crosstalk_driver_answers_total",
		"Answers by what the oracle says of them; a failed query has none.",
		"judgement")

	told = []Family{
		requests, requestDuration, served, servedDuration, publishDuration, busWait, replicaLag,
		driverRequests, driverLatency, driverService, driverLateness, driverStaleness, driverLag, driverAnswers,
	}
)
