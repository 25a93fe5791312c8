package fakesvc

import (
	"context"
	"strings"
	"sync"
	"time"

	"crosstalk/internal/bus"
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

// process reads what the host has counted, for a scrape.
func (h *Host) process(ctx context.Context) telemetry.Process {
	p := telemetry.Process{Service: h.services[0], Faults: h.acting()}
	if h.bus != nil {
		p.Bus = &telemetry.Bus{
			Published: h.events.Load(), LateReplies: h.lateReplies.Load(),
			DeadLetters: h.deadLetters.Load(), LostChanges: h.lost.Load(), LogLosses: h.logLosses.Load(),
			Topics: h.topics(ctx),
		}
	}
	for _, n := range h.nodes {
		if w := n.workers; w.Workers > 0 {
			p.Workers = append(p.Workers, w.reading())
		}
		for _, need := range n.needs {
			if need.caller != nil {
				p.Needs = append(p.Needs, telemetry.Need{
					Service: n.Name, Peer: need.service,
					Statistic: need.caller.Statistic(), Breaker: need.caller.Breaker(),
				})
			}
		}
	}
	return p
}

// topics asks the bus, over connections that no fault cuts, how far the topics are
// that the host reads. One that does not answer in time is left out.
func (h *Host) topics(ctx context.Context) []telemetry.Topic {
	topics := make([]telemetry.Topic, 0, len(h.consumers))
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
			topics = append(topics, telemetry.Topic{Name: h.env.shortTopic(c.topic), Behind: c.behind(end)})
		})
	}
	asking.Wait()
	return topics
}

// shortTopic is a topic's name without the prefix of the run.
func (e Env) shortTopic(name string) string { return strings.TrimPrefix(name, e.Prefix+".") }

func (w *workers) reading() telemetry.Workers {
	w.mu.Lock()
	defer w.mu.Unlock()
	return telemetry.Workers{
		Service: w.service, Limit: w.Workers, QueueLimit: w.Queue, Waiting: w.waiting.Load(),
		Arrived: w.arrived, Refused: w.refused, Queued: w.queued, Waited: w.waitedIn,
	}
}

// acting tells of every fault of the host, and which of them act now.
func (h *Host) acting() []telemetry.Fault {
	out := h.actingActs()
	add := func(target string, statistics []fault.Statistic) {
		for _, s := range statistics {
			at := h.elapsed()
			out = append(out, telemetry.Fault{Target: target, Statistic: s, Acts: at >= 0 && s.Window.Contains(at)})
		}
	}
	for _, n := range h.nodes {
		add(n.Name, n.Boundary.Statistics())
	}
	for _, db := range h.databases {
		add(db.target.String(), db.statistics())
	}
	for _, s := range h.services {
		add(fault.Target{Service: s, Part: fault.Events}.String(), h.published[s].Statistics())
	}
	if h.bus != nil {
		add(string(fault.Bus), h.onTheBus.Statistics())
	}
	return out
}

func (h *Host) actingActs() []telemetry.Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []telemetry.Fault
	for _, a := range h.acts {
		out = append(out, telemetry.Fault{
			Target:    a.fault.Target.String(),
			Statistic: fault.Statistic{Kind: a.fault.Kind, Window: a.fault.Window},
			Acts:      a.delivered.Start > 0 && a.delivered.Length == 0,
			Acted:     a.delivered,
		})
	}
	return out
}
