package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/store"
)

// World is what a topology is started in.
type World struct {
	// Env has the network; the rest of it is filled in here.
	Env fakesvc.Env
	// Dir is where databases go.
	Dir string
	// Bus is the address of a cluster; empty for an embedded broker.
	Bus []string
	// Prefix begins the name of each topic.
	Prefix string
}

// Topology is a running one: the graph of an experiment, linked as a scenario
// says.
type Topology struct {
	// Env is that of the hosts, for clients.
	Env fakesvc.Env
	// Controls has the address of each host's control.
	Controls []string
	// Replicas names the copies that are kept.
	Replicas []Copy

	hosts   []*fakesvc.Host
	failed  chan error
	closers []func() error
}

// Copy is a replica: who keeps it, and whose records they are.
type Copy struct{ Consumer, Owner string }

// Start starts the topology of a scenario and returns when it is ready. On an
// error, nothing is left running.
func Start(ctx context.Context, s Scenario, e *experiment.Experiment, w World) (*Topology, error) {
	b := &builder{
		Topology: &Topology{failed: make(chan error, 1)}, scenario: s, experiment: e, world: w,
		nodes: make(map[string]*fakesvc.Node), links: make(map[string]fakesvc.Link),
	}
	if err := b.build(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b.Topology, nil
}

// Failed gives the error of a part that ended by itself.
func (t *Topology) Failed() <-chan error { return t.failed }

// Close ends everything, removes the run's topics, and returns when it has ended.
func (t *Topology) Close() error {
	var errs []error
	for _, fn := range slices.Backward(t.closers) {
		errs = append(errs, fn())
	}
	t.closers = nil
	return errors.Join(errs...)
}

func (t *Topology) onClose(fn func() error) { t.closers = append(t.closers, fn) }

type builder struct {
	*Topology
	scenario   Scenario
	experiment *experiment.Experiment
	world      World
	nodes      map[string]*fakesvc.Node
	links      map[string]fakesvc.Link
}

func (b *builder) build(ctx context.Context) error {
	if err := b.openBus(ctx); err != nil {
		return err
	}
	b.Env = b.world.Env
	b.Env.Prefix = b.world.Prefix
	b.Env.Entity = b.experiment.Entity
	b.Env.Timeout = time.Duration(b.experiment.Timeout)
	b.Env.Address = func(service string) string { return b.nodes[service].Host().Address() }
	if err := b.addHosts(ctx); err != nil {
		return err
	}
	if err := b.addLinks(ctx); err != nil {
		return err
	}
	for _, h := range b.hosts {
		h.Start()
	}
	for _, h := range b.hosts {
		if err := h.Ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// linkOf returns the name of the scenario that a need is linked by. Where all
// services are in one process, that decides for all needs: it is the control.
func (b *builder) linkOf(n experiment.Need) string {
	if n.Link == "" || b.scenario.OneProcess {
		return b.scenario.Name
	}
	return n.Link
}

func (b *builder) openBus(ctx context.Context) error {
	if !NeedsBus(b.scenario, b.experiment) {
		return nil
	}
	addresses := b.world.Bus
	if len(addresses) == 0 {
		broker, err := bus.StartBroker(b.world.Env.Listen)
		if err != nil {
			return fmt.Errorf("start the embedded broker: %w", err)
		}
		b.onClose(func() error { broker.Close(); return nil })
		addresses = broker.Addresses()
	}
	cluster, err := b.experiment.Cluster()
	if err != nil {
		return err
	}
	cluster.Addresses, cluster.Dial = addresses, b.world.Env.Dial
	client, err := bus.Open(ctx, cluster)
	if err != nil {
		return err
	}
	b.onClose(client.Close)
	b.onClose(func() error { return client.DeletePrefix(context.WithoutCancel(ctx), b.world.Prefix+".") })
	b.world.Env.Bus, b.world.Env.Cluster = client, cluster
	b.world.Env.Prefix, b.world.Env.Partitions = b.world.Prefix, int(b.experiment.Partitions)
	return client.EnsureTopics(ctx, bus.Topic{Name: b.world.Env.DeadLetters()})
}

// NeedsBus tells whether any need of the experiment is linked over a bus.
func NeedsBus(s Scenario, e *experiment.Experiment) bool {
	if s.Bus {
		return true
	}
	for _, service := range e.Services {
		for _, n := range service.Needs {
			if link, ok := ByName(n.Link); ok && link.Bus && !s.OneProcess {
				return true
			}
		}
	}
	return false
}

func (b *builder) addHosts(ctx context.Context) error {
	if b.scenario.OneProcess {
		return b.addHost(ctx, b.experiment.Entry().Name, b.experiment.Services...)
	}
	for _, s := range b.experiment.Services {
		if err := b.addHost(ctx, s.Name, s); err != nil {
			return err
		}
	}
	return nil
}

// addHost adds a process with the services on it. Its database is of the kind
// that is asked for name.
func (b *builder) addHost(ctx context.Context, name string, services ...experiment.Service) error {
	db, err := store.Open(b.experiment.StoreOf(name), b.world.Dir, name)
	if err != nil {
		return fmt.Errorf("open the database of %s: %w", name, err)
	}
	b.onClose(db.Close)
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	host, err := fakesvc.NewHost(ctx, b.Env, fakesvc.HostConfig{
		Services: names, Store: db, Seed: uint64(b.experiment.Seed), Faults: b.experiment.Faults(),
	}, b.failed)
	if err != nil {
		return err
	}
	b.onClose(host.Close)
	b.hosts = append(b.hosts, host)
	b.Controls = append(b.Controls, host.ControlAddress())
	for _, s := range services {
		if err := b.addNode(ctx, host, s); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) addNode(ctx context.Context, host *fakesvc.Host, s experiment.Service) error {
	e := b.experiment
	owns := s.Name != e.Entry().Name
	node, err := host.AddNode(ctx, fakesvc.NodeConfig{
		Name: s.Name, Owns: owns, Sequential: e.Fanout == experiment.Sequential,
		Boundary: fault.NewBoundary(s.Name, uint64(e.Seed), e.Faults().At(fault.Target{Service: s.Name})),
		Capacity: e.CapacityOf(s.Name),
	})
	if err != nil {
		return err
	}
	b.nodes[s.Name] = node
	if !owns {
		return nil
	}
	return node.Seed(ctx, int(e.Keys), int(e.Payload))
}

// addLinks joins each need to its supplier. All suppliers are prepared before
// anyone connects.
func (b *builder) addLinks(ctx context.Context) error {
	type edge struct {
		consumer string
		need     experiment.Need
		name     string
		link     fakesvc.Link
	}
	var edges []edge
	supplied := make(map[string]bool)
	for _, s := range b.experiment.Services {
		for _, n := range s.Needs {
			name := b.linkOf(n)
			link, err := b.link(name)
			if err != nil {
				return err
			}
			edges = append(edges, edge{s.Name, n, name, link})
			if supplied[name+" "+n.Service] {
				continue
			}
			supplied[name+" "+n.Service] = true
			if err := link.Supply(ctx, b.nodes[n.Service]); err != nil {
				return err
			}
		}
	}
	for _, e := range edges {
		source, err := e.link.Connect(ctx, b.nodes[e.consumer], e.need.Service)
		if err != nil {
			return err
		}
		b.nodes[e.consumer].Need(e.need.Service, e.name, source, b.experiment.PolicyOf(e.consumer, e.need))
		if _, ok := source.(fakesvc.Replica); ok {
			b.Replicas = append(b.Replicas, Copy{e.consumer, e.need.Service})
		}
	}
	return nil
}

func (b *builder) link(name string) (fakesvc.Link, error) {
	if link, ok := b.links[name]; ok {
		return link, nil
	}
	s, ok := ByName(name)
	if !ok {
		return nil, fmt.Errorf("there is no scenario %q to link by", name)
	}
	b.links[name] = s.link()
	return b.links[name], nil
}
