package topology

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
	"crosstalk/scenarios"
)

// checkNodes refuses what cannot be done with nodes that run elsewhere.
func (p *placing) checkNodes() error {
	if scenarios.NeedsBus(p.scenario, p.experiment) && len(p.experiment.Kafka) == 0 {
		return fmt.Errorf("kafka: %s needs a bus that the nodes reach: name a cluster", p.scenario.Name)
	}
	for _, f := range p.experiment.Faults() {
		if f.Kind.Signals() {
			return fmt.Errorf("fault: %v is done to child processes, and these nodes run elsewhere", f)
		}
	}
	return nil
}

// findNodes finds the controls of nodes that run already, and has them released at
// the end.
func (p *placing) findNodes(ctx context.Context) error {
	for _, m := range p.members {
		node, ok := p.world.Nodes[m.Name]
		if !ok {
			return fmt.Errorf("nodes: nothing tells where %s is", m.Name)
		}
		for control := range strings.SplitSeq(node.Control, ",") {
			if control == "" {
				continue
			}
			found, err := resolve(ctx, control)
			if err != nil {
				return fmt.Errorf("nodes: control of %s: %w", m.Name, err)
			}
			m.controls = append(m.controls, found...)
		}
		if err := MayBeCopies(m.Process, p.experiment, len(m.controls)); err != nil {
			return fmt.Errorf("nodes: %w", err)
		}
		if len(m.controls) == 0 {
			if err := p.mayBeOwn(m); err != nil {
				return err
			}
			p.Own = append(p.Own, m.Name)
		}
	}
	p.OnClose(func() error { return p.release(context.WithoutCancel(ctx)) })
	return nil
}

// MayBeCopies refuses several nodes in the place of one process that has owners' records,
// unless all have one database, or nothing is written: a file is each node's own, and all
// are filled alike.
func MayBeCopies(process scenarios.Process, e *experiment.Experiment, copies int) error {
	kind := e.StoreOf(process.Name).Kind
	owns := slices.ContainsFunc(process.Services, func(s experiment.Service) bool { return s.Name != e.Entry().Name })
	if copies < 2 || !owns || kind == store.Postgres || e.WriteRate == (experiment.WriteRate{}) {
		return nil
	}
	return fmt.Errorf("%d nodes are %s, and each would have a %s database of its own: use one of postgres (--store=%s=postgres://...), --write-rate=0, or one node",
		copies, process.Name, kind, process.Name)
}

// resolve returns a host:port for each address that a name stands for: each is a
// node of its own.
func resolve(ctx context.Context, address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i] = net.JoinHostPort(found[i], port)
	}
	return found, nil
}

// release has the nodes be again what they were started as. One that does not answer
// keeps the others from nothing.
func (p *placing) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, releaseLimit)
	defer cancel()
	errs := make([]error, len(p.prepared))
	var releasing sync.WaitGroup
	for i, control := range p.prepared {
		releasing.Go(func() {
			client, err := fakesvc.DialControl(p.Env, control)
			if err == nil {
				_, err = client.Release(ctx, &fakesvcpb.ReleaseRequest{})
				client.Close()
			}
			if err != nil && status.Code(err) != codes.Unavailable { // one that is gone is nothing any more
				errs[i] = fmt.Errorf("release the node at %s: %s", control, status.Convert(err).Message())
			}
		})
	}
	releasing.Wait()
	return errors.Join(errs...)
}

// mayBeOwn refuses what is asked of a service that nobody can have do it.
func (p *placing) mayBeOwn(m *member) error {
	for _, f := range p.experiment.Faults() {
		for _, s := range m.Services {
			if f.Target.Service == s.Name {
				return fmt.Errorf("fault: %v cannot be done to a service that has no control in the nodes file: ask for none there, as in --latency=%s=none", f, s.Name)
			}
		}
	}
	return nil
}

// adopt returns when a service of one's own is ready. An owner gets its first records.
func (p *placing) adopt(ctx context.Context, m *member, address string) error {
	if err := fakesvc.Serving(ctx, p.Env, address); err != nil {
		return fmt.Errorf("%s at %s: %w", m.Name, address, err)
	}
	return p.seed(ctx, m, address)
}

// seedsAtOnce is how many writes are under way while a service is seeded.
const seedsAtOnce = 16

// seed gives an owner that nobody can prepare, one's own, the records from before
// the experiment: version 1 of each key, by its own Write.
func (p *placing) seed(ctx context.Context, m *member, address string) error {
	for _, s := range m.Services {
		if s.Name == p.experiment.Entry().Name {
			continue
		}
		client, err := fakesvc.Dial(p.Env, s.Name, address)
		if err != nil {
			return err
		}
		seeding, ctx := errgroup.WithContext(ctx)
		seeding.SetLimit(seedsAtOnce)
		for key := range record.Key(p.experiment.Keys) {
			seeding.Go(func() error {
				payload := record.Payload(s.Name, key, 1, int(p.experiment.Payload))
				return client.Write(ctx, fault.Beforehand, record.Record{Key: key, Version: 1, Payload: payload})
			})
		}
		if err := errors.Join(seeding.Wait(), client.Close()); err != nil {
			return fmt.Errorf("write the first records of %s at %s: %w", s.Name, address, err)
		}
	}
	return nil
}
