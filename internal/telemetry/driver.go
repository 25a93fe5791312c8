package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
)

// Driver measures the driver's own requests. nil does not.
type Driver struct {
	answers   byCode[answered]
	judged    []prometheus.Counter // by the number of the judgement
	lateness  *Durations
	staleness *Durations
	lag       *Durations
}

type answered struct {
	total            prometheus.Counter
	latency, service prometheus.Observer
}

// Answer is a query of the driver that is complete.
type Answer struct {
	Due, Sent, Done time.Duration
	Code            codes.Code
	// Judgement is the number of the oracle's word for it. Stale answers have a
	// Staleness.
	Judgement int
	Stale     bool
	Staleness time.Duration
}

// Driver measures the driver. judgements are the oracle's words, by their numbers;
// the first of them stands for none.
func (r *Run) Driver(judgements ...string) *Driver {
	if r == nil {
		return nil
	}
	d := &Driver{
		lateness:  &Durations{r.histogram(driverLateness)},
		staleness: &Durations{r.histogram(driverStaleness)},
		lag:       &Durations{r.histogram(driverLag)},
	}
	d.answers.make = func(code string) *answered {
		return &answered{r.counter(driverRequests, code), r.histogram(driverLatency, code), r.histogram(driverService, code)}
	}
	d.answers.expect()
	for i, j := range judgements {
		var c prometheus.Counter
		if i > 0 {
			c = r.counter(driverAnswers, j)
		}
		d.judged = append(d.judged, c)
	}
	return d
}

// Add notes an answer.
func (d *Driver) Add(a Answer) {
	if d == nil {
		return
	}
	by := d.answers.of(a.Code)
	by.total.Inc()
	by.latency.Observe((a.Done - a.Due).Seconds())
	by.service.Observe((a.Done - a.Sent).Seconds())
	d.lateness.Observe(a.Sent - a.Due)
	if a.Judgement > 0 && a.Judgement < len(d.judged) {
		d.judged[a.Judgement].Inc()
	}
	if a.Stale {
		d.staleness.Observe(a.Staleness)
	}
}

// Lag notes that a copy showed a change so long after its acknowledgement.
func (d *Driver) Lag(lag time.Duration) {
	if d != nil {
		d.lag.Observe(lag)
	}
}
