package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/arrival"
	"crosstalk/internal/counts"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/seeded"
	"crosstalk/internal/store"
	"crosstalk/internal/topology"
	"crosstalk/internal/tracing"
	"crosstalk/scenarios"
)

// nodes is the driver's end of its connections.
type nodes struct {
	entry    *fakesvc.Client
	owners   map[string]*fakesvc.Client
	controls []*control
}

// control is that of one process, whichever process it is at the time.
type control struct {
	scenarios.Control
	copy    int  // which of its service
	shares  bool // and whether it keeps all that it has where the first one does
	client  *fakesvc.ControlClient
	beat    *beat            // nil where all is one process
	earlier []counts.Process // of those that were there before
}

// name is that of the service, or A/1 for the second copy of A.
func (c *control) name() string {
	if c.copy == 0 {
		return c.Process.Name
	}
	return fmt.Sprintf("%s/%d", c.Process.Name, c.copy)
}

// replica names the copy that this one keeps: each keeps its own, unless they share a
// database.
func (c *control) replica(consumer string) string {
	if c.copy == 0 || c.shares {
		return consumer
	}
	return fmt.Sprintf("%s/%d", consumer, c.copy)
}

// sharesDatabase tells whether the copies of a process have one database: those of an
// owner do, and all that have a schema.
func sharesDatabase(e *experiment.Experiment, process string) bool {
	return process != e.Entry().Name || e.StoreOf(process).Kind == store.Postgres
}

// connect reaches the entry, the owners and the controls of a topology.
func connect(ctx context.Context, t *topology.Topology, e *experiment.Experiment, attached bool) (_ *nodes, err error) {
	n := &nodes{owners: make(map[string]*fakesvc.Client)}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
		}
	}()
	if n.entry, err = reach(ctx, t, e.Entry().Name); err != nil {
		return nil, err
	}
	for _, owner := range e.Owners() {
		if attached {
			break // it writes nothing
		}
		if n.owners[owner], err = reach(ctx, t, owner); err != nil {
			return nil, err
		}
	}
	copies := make(map[string]int)
	for _, c := range t.Controls {
		client, err := fakesvc.DialControl(t.Env, c.Address)
		if err != nil {
			return nil, err
		}
		name := c.Process.Name
		n.controls = append(n.controls, &control{
			Control: c, copy: copies[name], shares: copies[name] > 0 && sharesDatabase(e, name), client: client,
		})
		copies[name]++
	}
	return n, nil
}

func reach(ctx context.Context, t *topology.Topology, service string) (*fakesvc.Client, error) {
	client, err := fakesvc.Dial(t.Env, service, t.Env.Address(service), arrival.DialOptions(t.Env.Dial)...)
	if err != nil {
		return nil, err
	}
	if err := client.Connected(ctx); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return client, nil
}

func (n *nodes) close() error {
	var errs []error
	if n.entry != nil {
		errs = append(errs, n.entry.Close())
	}
	for _, c := range n.owners {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	for _, c := range n.controls {
		errs = append(errs, c.client.Close())
	}
	return errors.Join(errs...)
}

// control returns that at an address.
func (n *nodes) control(address string) *control {
	i := slices.IndexFunc(n.controls, func(c *control) bool { return c.Address == address })
	return n.controls[i]
}

// of returns the controls of the copies of a service.
func (n *nodes) of(service string) []*control {
	var out []*control
	for _, c := range n.controls {
		for _, s := range c.Process.Services {
			if s.Name == service {
				out = append(out, c)
			}
		}
	}
	return out
}

// silent names the services of those names that nobody can be reached of at their
// addresses.
func silent(ctx context.Context, t *topology.Topology, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	var errs []error
	for _, name := range names {
		client, err := reach(ctx, t, name)
		if err == nil {
			err = client.Close()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// reachLimit is for how long a service is tried to be reached that was reached before.
const reachLimit = 5 * time.Second

// target has the load offered to the nodes. driver tells those of several apart. Each
// query has a trace context of its own where someone may go by it: where its spans are
// exported, or, by traced, where the services are others' and may have a tracing of
// their own. It then follows from the seed.
func (n *nodes) target(seed uint64, driver int, tracer *tracing.Tracer, traced bool) load.Target {
	return load.Target{
		Query: func(ctx context.Context, id int64, key record.Key) (load.Reply, error) {
			var parent string // of a trace that is exported, the first span has none
			if traced && tracer == nil {
				parent = traceparent(seed, id)
			}
			parent, end := tracer.Start(parent, tracing.Client, "driver", "request")
			ctx = fakesvc.WithRequest(ctx, fakesvc.Request{ID: numberOf(driver, id), Traceparent: parent})
			owned, arrived, err := n.entry.Ask(ctx, key)
			end(err)
			if err != nil {
				return load.Reply{Arrived: arrived}, err
			}
			answers := make([]load.Answer, len(owned))
			for i, o := range owned {
				answers[i] = load.Answer{Service: o.Service, Record: o.Record}
			}
			return load.Reply{Answers: answers, Arrived: arrived}, nil
		},
		Write: func(ctx context.Context, service string, id int64, r record.Record) error {
			return n.owners[service].Write(ctx, id, r)
		},
	}
}

// traceparent is version 00 of the W3C trace context, sampled.
func traceparent(seed uint64, id int64) string {
	s := seeded.NewStream(seed, "trace", uint64(id))
	return fmt.Sprintf("00-%016x%016x-%016x-01", s.Next(), s.Next(), s.Next())
}

// begin tells each host when the measured part begins.
func (n *nodes) begin(ctx context.Context, at time.Time) error {
	for _, c := range n.controls {
		if err := c.begin(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

func (c *control) begin(ctx context.Context, at time.Time) error {
	_, err := c.client.Begin(ctx, &fakesvcpb.BeginRequest{InNanos: int64(time.Until(at))})
	if err != nil {
		return fmt.Errorf("begin the measured part at %s: %w", c.Process.Name, err)
	}
	return nil
}
