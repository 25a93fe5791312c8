package fakesvc

import (
	"context"
	"strings"
	"sync"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/counts"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/telemetry"
)

// meters are what a host tells of on its way; all of it does nothing where metrics
// are off. Each is looked up once, before the host starts.
type meters struct {
	publishing map[string]*telemetry.Publishing // by service
	lags       map[copyKey]*telemetry.Durations
}

type copyKey struct{ consumer, owner string }

func (h *Host) newMeters() meters {
	m := meters{publishing: make(map[string]*telemetry.Publishing), lags: make(map[copyKey]*telemetry.Durations)}
	for _, s := range h.services {
		m.publishing[s] = h.env.Metrics.Publishing(s)
	}
	return m
}

// publish publishes, and tells how long it took.
func (h *Host) publish(ctx context.Context, events []bus.Outgoing) error {
	if len(events) == 0 {
		return nil
	}
	m := h.meters.publishing[strings.TrimPrefix(events[0].Event.Source, sourcePrefix)]
	begun := m.Begin()
	err := h.publisher.Publish(ctx, events...)
	m.End(begun, err)
	return err
}

// showed tells how old changes were when a copy showed them. Version 1 is from
// before the load.
func (h *Host) showed(consumer, owner string, records []record.Record) {
	lag := h.meters.lags[copyKey{consumer, owner}]
	if lag == nil {
		return
	}
	for _, r := range records {
		if r.Version > 1 {
			lag.Observe(time.Since(r.WrittenAt))
		}
	}
}

// handled tells how long events waited that a consumer begins to handle.
func (c *consumer) handled(batch []bus.Delivery) {
	if c.waits == nil {
		return
	}
	for _, d := range batch {
		if d.Event.Request != fault.Beforehand && !d.Event.Time.IsZero() {
			c.waits.Observe(time.Since(d.Event.Time))
		}
	}
}

// scraped is what the host has counted, with how far it is with its topics.
func (h *Host) scraped(ctx context.Context) counts.Process {
	out := h.counts()
	if out.OnBus {
		out.Topics = h.topics(ctx)
	}
	return out
}

// topics asks the bus, over connections that no fault cuts, how far the topics are
// that the host reads. One that does not answer in time is left out.
func (h *Host) topics(ctx context.Context) []counts.Topic {
	topics := make([]counts.Topic, 0, len(h.consumers))
	var mu sync.Mutex
	var asking sync.WaitGroup
	for _, c := range h.consumers {
		asking.Go(func() {
			end, err := h.env.Bus.End(ctx, c.topic)
			if err != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			topics = append(topics, counts.Topic{Name: h.env.shortTopic(c.topic), Behind: c.behind(end)})
		})
	}
	asking.Wait()
	return topics
}

// shortTopic is a topic's name without the prefix of the run.
func (e Env) shortTopic(name string) string { return strings.TrimPrefix(name, e.Prefix+".") }
