package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/seeded"
	"crosstalk/internal/tracing"
	"crosstalk/scenarios"
)

// nodes is the driver's end of its connections.
type nodes struct {
	entry    *fakesvc.Client
	owners   map[string]*fakesvc.Client
	controls []*fakesvc.ControlClient
}

// connect reaches the entry, the owners and the controls of a topology.
func connect(ctx context.Context, t *scenarios.Topology, e *experiment.Experiment) (_ *nodes, err error) {
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
		if n.owners[owner], err = reach(ctx, t, owner); err != nil {
			return nil, err
		}
	}
	for _, c := range t.Controls {
		control, err := fakesvc.DialControl(t.Env, c.Address)
		if err != nil {
			return nil, err
		}
		n.controls = append(n.controls, control)
	}
	return n, nil
}

func reach(ctx context.Context, t *scenarios.Topology, service string) (*fakesvc.Client, error) {
	client, err := fakesvc.Dial(t.Env, service, t.Env.Address(service))
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
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// target has the load offered to the nodes. Each query has a trace context of
// its own, which follows from the seed as well.
func (n *nodes) target(seed uint64, tracer *tracing.Tracer) load.Target {
	return load.Target{
		Query: func(ctx context.Context, id int64, key record.Key) ([]load.Answer, error) {
			parent := traceparent(seed, id)
			if tracer != nil {
				parent = "" // of a trace that is exported, the first span has no parent
			}
			parent, end := tracer.Start(parent, tracing.Client, "driver", "request")
			ctx = fakesvc.WithRequest(ctx, fakesvc.Request{ID: id, Traceparent: parent})
			owned, err := n.entry.Query(ctx, key)
			end(err)
			if err != nil {
				return nil, err
			}
			answers := make([]load.Answer, len(owned))
			for i, o := range owned {
				answers[i] = load.Answer{Service: o.Service, Record: o.Record}
			}
			return answers, nil
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
		_, err := c.Begin(ctx, &fakesvcpb.BeginRequest{InNanos: int64(time.Until(at))})
		if err != nil {
			return fmt.Errorf("begin the measured part: %w", err)
		}
	}
	return nil
}

// watch passes on to lag what the replicas make visible, at the driver's times.
// It returns when every host is watched; stop ends it.
func (n *nodes) watch(ctx context.Context, lag *load.Lag, begin time.Time) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var watching sync.WaitGroup
	stop = func() {
		cancel()
		watching.Wait()
	}
	for _, c := range n.controls {
		stream, err := c.Watch(ctx, &fakesvcpb.WatchRequest{})
		if err == nil {
			_, err = stream.Recv() // the empty first message: it watches
		}
		if err != nil {
			stop()
			return nil, fmt.Errorf("watch a replica: %w", err)
		}
		watching.Go(func() {
			for {
				v, err := stream.Recv()
				if err != nil {
					return
				}
				if v.GetLost() {
					lag.Lost(v.GetConsumer(), v.GetService(), record.Key(v.GetKey()), v.GetVersion())
					continue
				}
				lag.Visible(v.GetConsumer(), v.GetService(), record.Key(v.GetKey()), v.GetVersion(), time.Since(begin))
			}
		})
	}
	return stop, nil
}

// statistics reads what every host has counted, added up.
func (n *nodes) statistics(ctx context.Context) (*fakesvcpb.StatisticsResponse, error) {
	sum := &fakesvcpb.StatisticsResponse{}
	for _, c := range n.controls {
		s, err := c.Statistics(ctx, &fakesvcpb.StatisticsRequest{})
		if err != nil {
			return nil, fmt.Errorf("read the statistics: %w", err)
		}
		sum.Faults = append(sum.Faults, s.GetFaults()...)
		sum.Collections = append(sum.Collections, s.GetCollections()...)
		sum.Events += s.GetEvents()
		sum.LateReplies += s.GetLateReplies()
		sum.DeadLetters += s.GetDeadLetters()
		sum.LostChanges += s.GetLostChanges()
		sum.Policies = append(sum.Policies, s.GetPolicies()...)
		sum.Stages = append(sum.Stages, s.GetStages()...)
		sum.Capacities = append(sum.Capacities, s.GetCapacities()...)
	}
	return sum, nil
}
