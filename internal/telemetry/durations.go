package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Durations measures one thing that takes time. nil does not.
type Durations struct{ took prometheus.Observer }

// Observe notes that it took so long. On two clocks that can be less than nothing,
// which is as good as nothing.
func (d *Durations) Observe(took time.Duration) {
	if d != nil {
		d.took.Observe(max(took, 0).Seconds())
	}
}

// BusWait measures how long events of a topic wait for a service. The topic is
// named without what is of the run alone.
func (r *Run) BusWait(service, topic string) *Durations {
	if r == nil {
		return nil
	}
	return &Durations{r.histogram(busWait, service, topic)}
}

// ReplicaLag measures how long a service's copy of a peer takes to show changes.
func (r *Run) ReplicaLag(service, peer string) *Durations {
	if r == nil {
		return nil
	}
	return &Durations{r.histogram(replicaLag, service, peer)}
}

// Publishing measures how long the bus takes to acknowledge. nil does not.
type Publishing struct{ acknowledged, failed *Durations }

// Publishing measures what a service publishes.
func (r *Run) Publishing(service string) *Publishing {
	if r == nil {
		return nil
	}
	return &Publishing{
		&Durations{r.histogram(publishDuration, service, "acknowledged")},
		&Durations{r.histogram(publishDuration, service, "failed")},
	}
}

// Begin returns what End wants to know of a publication that begins now.
func (p *Publishing) Begin() time.Time {
	if p == nil {
		return time.Time{}
	}
	return time.Now()
}

// End notes the end of a publication.
func (p *Publishing) End(begun time.Time, err error) {
	switch {
	case p == nil:
	case err != nil:
		p.failed.Observe(time.Since(begun))
	default:
		p.acknowledged.Observe(time.Since(begun))
	}
}
