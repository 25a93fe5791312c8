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

	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// Host is a process: nodes that share a port, a database and their fate. What it
// runs is a set of parts; an outage ends them all and starts them again.
type Host struct {
	env      Env
	store    store.Store
	outages  []fault.Outage
	listener net.Listener
	control  net.Listener
	nodes    []*Node
	parts    []Part
	gates    []func(ctx context.Context) error
	closers  []func() error
	visible  feed

	publisher   *bus.Publisher
	events      atomic.Int64
	lateReplies atomic.Int64

	life    context.CancelFunc
	running errgroup.Group
	started atomic.Bool
	opened  atomic.Bool
	begun   chan time.Time
	failed  chan<- error

	mu        sync.Mutex
	delivered []fault.Window // one for each of outages
}

// Part is something that runs while its host is up: until ctx ends, when it
// must return promptly. An error before that is the end of the run.
type Part func(ctx context.Context) error

// NewHost opens the two ports of a process that keeps its nodes' data in db. An
// outage of any of its nodes is one of the whole process. The error of a part
// that ends by itself goes to failed, unless another one is there already.
func NewHost(env Env, db store.Store, outages []fault.Outage, failed chan<- error) (*Host, error) {
	h := &Host{
		env: env, store: db, outages: outages, delivered: make([]fault.Window, len(outages)),
		begun: make(chan time.Time, 1), failed: failed,
	}
	var err error
	if h.listener, err = env.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("open a service port: %w", err)
	}
	if h.control, err = env.Listen("tcp", "127.0.0.1:0"); err != nil {
		h.listener.Close()
		return nil, fmt.Errorf("open a control port: %w", err)
	}
	if env.Bus != nil {
		h.publisher = env.Bus.NewPublisher()
		h.OnClose(h.publisher.Close)
	}
	h.Run(h.serve)
	return h, nil
}

// AddNode puts a service on the host.
func (h *Host) AddNode(ctx context.Context, config NodeConfig) (*Node, error) {
	n := &Node{NodeConfig: config, host: h}
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
	if err := h.publisher.Publish(ctx, events...); err != nil {
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

// Run adds a part. All are added before the host starts.
func (h *Host) Run(p Part) { h.parts = append(h.parts, p) }

// Gate adds a condition for the host to be ready: wait returns when it is met.
func (h *Host) Gate(wait func(ctx context.Context) error) { h.gates = append(h.gates, wait) }

// OnClose adds something that the host closes when all its parts have ended.
func (h *Host) OnClose(fn func() error) { h.closers = append(h.closers, fn) }

// CountLateReply counts a reply that came after its requester gave up.
func (h *Host) CountLateReply() { h.lateReplies.Add(1) }

// Visible tells whoever watches that consumer would answer with these records of
// service from now on.
func (h *Host) Visible(consumer, service string, records []record.Record) {
	h.visible.send(consumer, service, records)
}

// Start starts the host's parts and its control.
func (h *Host) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	h.life = cancel
	h.started.Store(true)
	h.running.Go(func() error { return h.serveControl(ctx) })
	h.running.Go(func() error { return h.live(ctx) })
}

// Ready returns when every gate is passed, or with the reason why not.
func (h *Host) Ready(ctx context.Context) error {
	for _, gate := range h.gates {
		if err := gate(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends all that the host runs and returns when it has ended. It leaves the
// database open: that is its opener's.
func (h *Host) Close() error {
	var errs []error
	if h.started.Load() {
		h.life()
		errs = append(errs, h.running.Wait())
	} else {
		errs = append(errs, h.listener.Close(), h.control.Close())
	}
	for _, fn := range slices.Backward(h.closers) {
		errs = append(errs, fn())
	}
	return errors.Join(errs...)
}
