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
	// Listen is where a process that is started alone offers its services.
	Listen string
}

// Topology is a running one: the graph of an experiment, linked as a scenario
// says.
type Topology struct {
	// Env is that of the hosts, for clients.
	Env fakesvc.Env
	// Controls are those of the hosts.
	Controls []Control

	hosts   []*fakesvc.Host
	failed  chan error
	closers []func() error
}

// Start starts the topology of a scenario in this process and returns when it is
// ready. On an error, nothing is left running.
func Start(ctx context.Context, s Scenario, e *experiment.Experiment, w World) (*Topology, error) {
	b := newBuilder(s, e, w)
	err := b.startBroker()
	if err == nil {
		b.Env.Address = func(service string) string { return b.nodes[service].Host().Address() }
		err = b.build(ctx, Processes(s, e), fakesvc.HostConfig{Address: anyPort, Control: anyPort})
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b.Topology, nil
}

// StartProcess starts one process of a topology, whose others run elsewhere, where
// w.Env.Address tells. It waits for them, until ctx ends, and returns when its host
// is ready. Who starts a process serves its control, and removes the run's topics
// when all of them have ended. On an error, nothing is left running.
func StartProcess(ctx context.Context, s Scenario, e *experiment.Experiment, p Process, w World) (*Topology, *fakesvc.Host, error) {
	b := newBuilder(s, e, w)
	if err := b.build(ctx, []Process{p}, fakesvc.HostConfig{Address: w.Listen}); err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	return b.Topology, b.hosts[0], nil
}

const anyPort = "127.0.0.1:0"

func newBuilder(s Scenario, e *experiment.Experiment, w World) *builder {
	b := &builder{
		Topology: &Topology{Env: w.Env, failed: make(chan error, 1)}, scenario: s, experiment: e, world: w,
		nodes: make(map[string]*fakesvc.Node), links: make(map[string]fakesvc.Link),
		databases: make(map[string]store.Spec),
	}
	b.Env.Prefix = w.Prefix
	b.Env.Entity = e.Entity
	b.Env.Timeout = time.Duration(e.Timeout)
	b.Env.Keys = int(e.Keys)
	b.Env.Partitions = int(e.Partitions)
	return b
}

// Elsewhere returns a topology whose processes run elsewhere: there is nothing of it
// but what is added.
func Elsewhere(env fakesvc.Env) *Topology {
	return &Topology{Env: env, failed: make(chan error, 1)}
}

// Fail ends the run with an error, unless one has before.
func (t *Topology) Fail(err error) {
	select {
	case t.failed <- err:
	default:
	}
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

// OnClose adds something that Close does, before what was added earlier.
func (t *Topology) OnClose(fn func() error) { t.closers = append(t.closers, fn) }

type builder struct {
	*Topology
	scenario   Scenario
	experiment *experiment.Experiment
	world      World
	nodes      map[string]*fakesvc.Node
	links      map[string]fakesvc.Link
	databases  map[string]store.Spec // those that are open, by their names
	// leavesNothing has the run's topics and databases removed at the end.
	leavesNothing bool
}

// build starts processes. What they share of their configuration is in host.
func (b *builder) build(ctx context.Context, processes []Process, host fakesvc.HostConfig) error {
	for _, s := range b.experiment.Services { // a copy without a partition would have nothing to do
		b.Env.Partitions = max(b.Env.Partitions, b.experiment.CopiesOf(s.Name))
	}
	if err := b.openBus(ctx); err != nil {
		return err
	}
	if b.leavesNothing {
		b.OnClose(func() error {
			return store.Remove(context.WithoutCancel(ctx), store.Place{Run: b.Env.Prefix}, b.databases)
		})
	}
	for _, p := range processes {
		if err := b.addHost(ctx, p, host); err != nil {
			return err
		}
	}
	if err := b.addLinks(ctx); err != nil {
		return err
	}
	if err := b.seed(ctx); err != nil {
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

// startBroker starts a broker where one is needed and no cluster is given, and has
// the run's topics removed from either at the end.
func (b *builder) startBroker() error {
	b.leavesNothing = true
	if !NeedsBus(b.scenario, b.experiment) {
		return nil
	}
	if len(b.world.Bus) == 0 {
		broker, err := bus.StartBroker(b.Env.Listen)
		if err != nil {
			return fmt.Errorf("start the embedded broker: %w", err)
		}
		b.OnClose(func() error { broker.Close(); return nil })
		b.world.Bus = broker.Addresses()
	}
	return nil
}

func (b *builder) openBus(ctx context.Context) error {
	if !NeedsBus(b.scenario, b.experiment) {
		return nil
	}
	cluster, err := Cluster(b.experiment, b.Env, b.world.Bus)
	if err != nil {
		return err
	}
	client, err := bus.Open(ctx, cluster)
	if err != nil {
		return err
	}
	b.OnClose(client.Close)
	if b.leavesNothing {
		b.OnClose(func() error { return client.DeletePrefix(context.WithoutCancel(ctx), b.Env.Prefix+".") })
	}
	b.Env.Bus, b.Env.Cluster = client, cluster
	return client.EnsureTopics(ctx, bus.Topic{Name: b.Env.DeadLetters()})
}

// addHost adds a process with its services on it. Its database is of the kind that
// is asked for its name.
func (b *builder) addHost(ctx context.Context, p Process, c fakesvc.HostConfig) error {
	spec, place := b.experiment.StoreOf(p.Name), store.Place{Dir: b.world.Dir, Run: b.Env.Prefix}
	db, err := store.Open(ctx, spec, place, p.Name)
	if err != nil {
		return fmt.Errorf("--store=%s=%s: %w", p.Name, spec, err)
	}
	b.databases[p.Name] = spec
	b.OnClose(db.Close)
	for _, s := range p.Services {
		c.Services = append(c.Services, s.Name)
	}
	c.Store, c.Seed, c.Faults = db, uint64(b.experiment.Seed), b.experiment.Faults()
	host, err := fakesvc.NewHost(ctx, b.Env, c, b.failed)
	if err != nil {
		return err
	}
	b.OnClose(host.Close)
	b.hosts = append(b.hosts, host)
	if c.Control != "" {
		b.Controls = append(b.Controls, Control{host.ControlAddress(), p})
	}
	for _, s := range p.Services {
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
		Name: s.Name, Owns: owns, Outbox: bool(e.Outbox), Sequential: e.Fanout == experiment.Sequential,
		Boundary: fault.NewBoundary(s.Name, uint64(e.Seed), e.Faults().At(fault.Target{Service: s.Name})),
		Capacity: e.CapacityOf(s.Name),
	})
	if err != nil {
		return err
	}
	b.nodes[s.Name] = node
	return nil
}

// seed fills the owners' databases, once all that follows their changes is there.
func (b *builder) seed(ctx context.Context) error {
	for _, owner := range b.experiment.Owners() {
		if b.nodes[owner] == nil {
			continue // it is elsewhere
		}
		if err := b.nodes[owner].Seed(ctx, int(b.experiment.Keys), int(b.experiment.Payload)); err != nil {
			return err
		}
	}
	return nil
}

// addLinks joins each need to its supplier, as far as either is here. All suppliers
// are prepared before anyone connects.
func (b *builder) addLinks(ctx context.Context) error {
	type edge struct {
		consumer *fakesvc.Node
		need     experiment.Need
		name     string
		link     fakesvc.Link
	}
	var edges []edge
	supplied := make(map[string]bool)
	for _, s := range b.experiment.Services {
		for _, n := range s.Needs {
			name := linkOf(b.scenario, n)
			link, err := b.link(name)
			if err != nil {
				return err
			}
			if consumer := b.nodes[s.Name]; consumer != nil {
				edges = append(edges, edge{consumer, n, name, link})
			}
			supplier := b.nodes[n.Service]
			if supplier == nil || supplied[name+" "+n.Service] {
				continue
			}
			supplied[name+" "+n.Service] = true
			if err := link.Supply(ctx, supplier); err != nil {
				return err
			}
		}
	}
	for _, e := range edges {
		source, err := e.link.Connect(ctx, e.consumer, e.need.Service)
		if err != nil {
			return err
		}
		e.consumer.Need(e.need.Service, e.name, source, b.experiment.PolicyOf(e.consumer.Name, e.need))
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
