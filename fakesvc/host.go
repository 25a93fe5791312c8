package fakesvc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// Host is a process: nodes that share a port, a database and their fate. What it
// runs is a set of parts; an outage ends them all and starts them again.
type Host struct {
	env      Env
	services []string
	store    store.Store
	listener net.Listener
	control  net.Listener // nil where its owner serves the control
	health   *health.Server
	nodes    []*Node
	parts    []task
	gates    []func(ctx context.Context) error
	closers  []func() error
	visible  feed

	// The bus, as this process reaches it; all nil where nothing needs one.
	wire      *cutter
	bus       *bus.Client
	publisher *bus.Publisher

	// What goes wrong with the process as a whole.
	acts      []*act
	down      int // how many outages act
	frozen    gate
	stalled   gate
	rejoining gate
	onTheBus  *fault.Line
	published map[string]*fault.Line // by service
	databases []*faultyStore

	// What is shown of it.
	meters    meters
	consumers []*consumer

	underWay    atomic.Int64 // how much of what publishes is
	events      atomic.Int64
	lateReplies atomic.Int64
	deadLetters atomic.Int64
	lost        atomic.Int64
	logLosses   atomic.Int64

	// leaving ends when the host takes nothing in any more; taking is what still does.
	leaving  context.Context
	leave    context.CancelFunc
	taking   sync.WaitGroup
	entrance sync.Mutex // nothing is taken in once it has been held to leave

	life    context.CancelFunc
	stop    func() error
	upAgain func()
	running errgroup.Group
	started atomic.Bool
	opened  atomic.Bool
	closed  atomic.Bool
	begun   chan time.Time
	began   atomic.Pointer[time.Time]
	failed  chan<- error

	mu sync.Mutex
}

// Part is something that runs while its host is up: until ctx ends, when it
// must return promptly. An error before that is the end of the run.
type Part func(ctx context.Context) error

// task is a part, and whether the host waits for it before it leaves.
type task struct {
	run   Part
	takes bool
}

// HostConfig is what a process is.
type HostConfig struct {
	// Services are the names of the nodes that will be on it.
	Services []string
	// Address is where its services listen, and Control where its control does; the
	// port 0 is any. Without Control, whoever makes the host serves it: see
	// Host.Control.
	Address, Control string
	// Store keeps the nodes' data. It stays its opener's to close.
	Store store.Store
	Seed  uint64
	// Faults is all that is asked to go wrong anywhere; the host takes its part.
	// An outage or a freeze of any of its nodes is one of the whole process.
	Faults fault.Faults
}

// NewHost opens the ports of a process, and its connection to the bus. The
// error of a part that ends by itself goes to failed, unless another one is there
// already.
func NewHost(ctx context.Context, env Env, c HostConfig, failed chan<- error) (_ *Host, err error) {
	h := &Host{
		env: env, services: c.Services, begun: make(chan time.Time, 1), failed: failed,
		onTheBus:  fault.NewLine(string(fault.Bus), c.Seed, c.Faults.At(fault.Target{Part: fault.Bus})),
		published: make(map[string]*fault.Line), health: health.NewServer(),
	}
	h.leaving, h.leave = context.WithCancel(context.Background())
	h.health.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	h.meters = h.newMeters()
	h.store = h.faulty(c)
	for _, s := range c.Services {
		target := fault.Target{Service: s, Part: fault.Events}
		h.published[s] = fault.NewLine(target.String(), c.Seed, c.Faults.At(target))
	}
	if h.listener, err = h.listen(ctx, c.Address); err != nil {
		return nil, fmt.Errorf("open the service port: %w", err)
	}
	if c.Control != "" {
		if h.control, err = env.Listen("tcp", c.Control); err != nil {
			h.listener.Close()
			return nil, fmt.Errorf("open the control port: %w", err)
		}
	}
	if err := h.join(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	h.performAll(c.Faults)
	h.Intake(h.serve)
	return h, nil
}

// join connects the host to the bus, over connections of its own.
func (h *Host) join(ctx context.Context) error {
	if h.env.Bus == nil {
		return nil
	}
	h.wire = newCutter(h.env.Dial)
	cluster := h.env.Cluster
	cluster.Dial = h.wire.dial
	client, err := bus.Open(ctx, cluster)
	if err != nil {
		return err
	}
	h.bus = client
	h.OnClose(client.Close)
	h.Gate(func(ctx context.Context) error { return client.Await(ctx, h.env.Bus.Ensured()...) })
	h.publisher = client.NewPublisher()
	h.OnClose(h.publisher.Close)
	return nil
}

// AddNode puts a service on the host.
func (h *Host) AddNode(ctx context.Context, config NodeConfig) (*Node, error) {
	n := &Node{NodeConfig: config, host: h, workers: newWorkers(config.Name, config.Capacity), serves: h.env.Metrics.Serves(config.Name)}
	if config.Owns {
		var err error
		if n.records, err = h.store.Collection(ctx, config.Name); err != nil {
			return nil, fmt.Errorf("database of %s: %w", config.Name, err)
		}
	}
	h.nodes = append(h.nodes, n)
	return n, nil
}

// Node returns the host's node of that name, or nil.
func (h *Host) Node(service string) *Node {
	for _, n := range h.nodes {
		if n.Name == service {
			return n
		}
	}
	return nil
}

// Env returns the world that the host lives in.
func (h *Host) Env() Env { return h.env }

// Store returns the host's database.
func (h *Host) Store() store.Store { return h.store }

// Publish sends events, and counts those that the measured part is the reason
// for. Its errors are the bus's.
func (h *Host) Publish(ctx context.Context, events ...bus.Outgoing) error {
	defer h.UnderWay()()
	for i := range events {
		h.spoil(&events[i].Event)
	}
	if err := h.publish(ctx, events); err != nil {
		return err
	}
	measured := 0
	for _, e := range events {
		if e.Event.Request >= 0 {
			measured++
		}
	}
	h.events.Add(int64(measured))
	return nil
}

// Address is that of the host's services, ControlAddress that of its control.
func (h *Host) Address() string { return h.listener.Addr().String() }

// ControlAddress is where the driver controls the host.
func (h *Host) ControlAddress() string { return h.control.Addr().String() }

// Control answers for the host, for an owner who serves its control.
func (h *Host) Control() fakesvcpb.ControlServer { return control{host: h} }

// Run adds a part. All are added before the host starts.
func (h *Host) Run(p Part) { h.parts = append(h.parts, task{run: p}) }

// Intake adds a part that takes work in. When the host leaves, such a part ends by
// itself, with all that it has taken in done, and everything else goes on until then.
func (h *Host) Intake(p Part) { h.parts = append(h.parts, task{run: p, takes: true}) }

// Leaving ends when parts that take work in are to end by themselves.
func (h *Host) Leaving() context.Context { return h.leaving }

// Gate adds a condition for the host to be ready: wait returns when it is met.
func (h *Host) Gate(wait func(ctx context.Context) error) { h.gates = append(h.gates, wait) }

// OnClose adds something that the host closes when all its parts have ended.
func (h *Host) OnClose(fn func() error) { h.closers = append(h.closers, fn) }

// CountLateReply counts a reply that came after its requester gave up.
func (h *Host) CountLateReply() { h.lateReplies.Add(1) }

// Lost tells whoever watches that consumer will never have this version of a
// record of service: the event that brought it is lost.
func (h *Host) Lost(consumer, service string, key record.Key, version uint64) {
	h.lost.Add(1)
	h.visible.lose(consumer, service, key, version)
}

// Visible tells whoever watches that consumer would answer with these records of
// service from now on.
func (h *Host) Visible(consumer, service string, records []record.Record) {
	h.showed(consumer, service, records)
	h.visible.send(consumer, service, records)
}

// Start starts the host's parts and its control.
func (h *Host) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	h.life = cancel
	h.started.Store(true)
	h.env.Metrics.ReadProcess(h.scraped)
	if h.control != nil {
		h.running.Go(func() error { return ServeControl(ctx, h.control, h.Control(), h.env.Access) })
	}
	h.running.Go(func() error { return h.live(ctx) })
}

// Ready returns when every gate is passed, or with the reason why not. From then on
// the host's health is SERVING.
func (h *Host) Ready(ctx context.Context) error {
	for _, gate := range h.gates {
		if err := gate(ctx); err != nil {
			return err
		}
	}
	h.health.SetServingStatus("", grpc_health_v1.HealthCheckResponse_SERVING)
	return nil
}

// Leave ends the host in good order: its health is NOT_SERVING, it takes nothing
// in any more, and what it has taken in is done before it closes. When ctx ends it
// closes at once, and what is under way then fails.
func (h *Host) Leave(ctx context.Context) error {
	h.health.Shutdown()
	h.entrance.Lock()
	h.leave()
	h.entrance.Unlock()
	done := make(chan struct{})
	go func() {
		h.taking.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return errors.Join(h.Close(), ctx.Err())
}

// Close ends all that the host runs and returns when it has ended; again it does
// nothing. It leaves the database open: that is its opener's.
func (h *Host) Close() error {
	if h.closed.Swap(true) {
		return nil
	}
	var errs []error
	if h.started.Load() {
		h.life()
		errs = append(errs, h.running.Wait())
	} else {
		errs = append(errs, h.listener.Close())
		if h.control != nil {
			errs = append(errs, h.control.Close())
		}
	}
	for _, fn := range slices.Backward(h.closers) {
		errs = append(errs, fn())
	}
	return errors.Join(errs...)
}
