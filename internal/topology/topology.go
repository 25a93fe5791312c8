// Package topology starts the processes of an experiment: in the driver's own process, as
// child processes of it, or not at all, because they run already.
//
// Wherever they are, the driver has their addresses and their controls, and nothing else.
// What it starts it ends, however the run ends, and nothing that it starts outlives the
// driver. An Agent is the other end: a process that is whatever node a driver asks for.
package topology

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/counts"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/store"
	"crosstalk/scenarios"
)

// Kind is where the processes are, as a run says it.
type Kind string

// The kinds.
const (
	InProcess Kind = "in-process"
	Children  Kind = "process"
	Elsewhere Kind = "elsewhere"
)

// World is what a topology is placed in.
type World struct {
	scenarios.World
	// Run is the run's name, for metrics.
	Run string
	// OTLP is the collector that takes the processes' spans; empty where none are made.
	OTLP string
	// Metrics has each child serve its own.
	Metrics bool
	// Nodes tells where the services run already; nil where they do not.
	Nodes Nodes
	// Command starts a program whose command "serve" is a node; empty is this program.
	Command []string
	// Waits is told what is waited for, in words, until done is called; it may be nil.
	Waits func(what string) (done func())
}

func (w *World) waits(what string) (done func()) {
	if w.Waits == nil {
		return func() {}
	}
	return w.Waits(what)
}

// Topology is one that has been placed.
type Topology struct {
	*scenarios.Topology
	Kind Kind
	// Own are the services that nobody prepares and that tell nothing of themselves:
	// the user's own.
	Own      []string
	children []*child
	deaths   deaths
}

// Start places the topology of a scenario, and returns when it is ready. On an error,
// nothing is left running.
func Start(ctx context.Context, s scenarios.Scenario, e *experiment.Experiment, w World) (*Topology, error) {
	w.Env.Writer = rand.Text()
	if w.Nodes == nil { // what is started here is this run's alone
		w.Env.Access = fakesvc.Access{Token: rand.Text()}
	}
	if w.Nodes == nil && e.Placement == experiment.InProcess {
		t, err := scenarios.Start(ctx, s, e, w.World)
		if err != nil {
			return nil, err
		}
		return &Topology{Topology: t, Kind: InProcess}, nil
	}
	t := &Topology{Topology: scenarios.Elsewhere(w.Env), Kind: Elsewhere}
	t.Env.Prefix = w.Prefix
	t.Env.Timeout = time.Duration(e.Timeout)
	p := &placing{Topology: t, scenario: s, experiment: e, world: w, addresses: make(map[string]string)}
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// placing is what is known while a topology is placed.
type placing struct {
	*Topology
	scenario   scenarios.Scenario
	experiment *experiment.Experiment
	world      World
	asked      string // the experiment as a file
	addresses  map[string]string
	members    []*member

	mu       sync.Mutex
	prepared []string // the controls of
}

// member is a process with all its copies.
type member struct {
	scenarios.Process
	controls []string
}

func (p *placing) start(ctx context.Context) error {
	text, err := yaml.Marshal(p.experiment)
	if err != nil {
		return fmt.Errorf("encode the experiment: %w", err)
	}
	p.asked = string(text)
	if p.world.Nodes == nil {
		p.Kind = Children
	} else if err := p.checkNodes(); err != nil {
		return err
	}
	if err := p.openBus(ctx); err != nil {
		return err
	}
	for _, s := range p.experiment.SuppliersFirst() {
		for _, process := range scenarios.Processes(p.scenario, p.experiment) {
			if process.Name == s.Name {
				p.members = append(p.members, &member{Process: process})
			}
		}
	}
	p.OnClose(func() error {
		databases := make(map[string]store.Spec)
		for _, m := range p.members {
			databases[m.Name] = p.experiment.StoreOf(m.Name)
		}
		return store.Remove(context.WithoutCancel(ctx), store.Place{Run: p.world.Prefix}, databases)
	})
	if p.world.Nodes != nil {
		err = p.findNodes(ctx)
	} else {
		// What ends last is added first: the nodes leave before the bus is gone.
		p.OnClose(p.endChildren)
		err = p.startChildren(ctx)
	}
	if err != nil {
		return err
	}
	p.Env.Address = func(service string) string { return p.addresses[service] }
	return p.prepareAll(ctx)
}

// openBus starts a broker where one is needed and no cluster is given, and has the
// run's topics removed at the end, whoever has made them.
func (p *placing) openBus(ctx context.Context) error {
	if !scenarios.NeedsBus(p.scenario, p.experiment) {
		return nil
	}
	embedded := len(p.world.Bus) == 0
	if embedded {
		p.OnClose(p.endBroker)
		address, err := p.startBroker(ctx)
		if err != nil {
			return err
		}
		p.world.Bus = []string{address}
	}
	cluster, err := scenarios.Cluster(p.experiment, p.Env, p.world.Bus)
	if err != nil {
		return err
	}
	client, err := bus.Open(ctx, cluster)
	if err != nil {
		return err
	}
	p.OnClose(client.Close)
	p.Env.Bus = client
	if !embedded { // what only this run has, ends with its broker
		p.OnClose(func() error { return client.DeletePrefix(context.WithoutCancel(ctx), p.world.Prefix+".") })
	}
	return nil
}

// prepareAll has each process become what the experiment says, suppliers first.
func (p *placing) prepareAll(ctx context.Context) error {
	for _, m := range p.members {
		given := p.addressOf(m)
		copies := make([]string, len(m.controls))
		var preparing errgroup.Group
		for i, control := range m.controls {
			p.Controls = append(p.Controls, scenarios.Control{Address: control, Process: m.Process})
			preparing.Go(func() (err error) {
				copies[i], err = p.prepare(ctx, m, control)
				if err == nil {
					p.found(control, copies[i])
				}
				return err
			})
		}
		if err := preparing.Wait(); err != nil {
			return err
		}
		if given == "" {
			given = strings.Join(copies, ",")
		}
		for _, s := range m.Services {
			p.addresses[s.Name] = given
		}
		if len(m.controls) == 0 {
			if err := p.adopt(ctx, m, given); err != nil {
				return err
			}
		}
	}
	return nil
}

// found notes what has been prepared, and where a child listens, so that it does
// again when it is started anew.
func (p *placing) found(control, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prepared = append(p.prepared, control)
	for _, c := range p.children {
		if c.control == control {
			c.listen = address
		}
	}
}

// addressOf is where a process is reached, where that is known before it is asked.
func (p *placing) addressOf(m *member) string {
	if p.world.Nodes == nil {
		return ""
	}
	return p.world.Nodes[m.Name].Address
}

// prepare has one copy of a process become what the experiment says, and returns
// where it listens.
func (p *placing) prepare(ctx context.Context, m *member, control string) (string, error) {
	client, err := fakesvc.DialControl(p.Env, control)
	if err != nil {
		return "", err
	}
	defer client.Close()
	defer p.world.waits(fmt.Sprintf("%s, whose control is at %s", m.Name, control))()
	if err := client.Connected(ctx); err != nil {
		return "", err
	}
	answer, err := client.Prepare(ctx, &fakesvcpb.PrepareRequest{
		Experiment: p.asked, Scenario: p.scenario.Name, Service: m.Name, Prefix: p.world.Prefix,
		Kafka: p.world.Bus, Addresses: p.addresses, Run: p.world.Run, Otlp: p.world.OTLP,
		Writer: p.Env.Writer,
	})
	if err != nil {
		return "", fmt.Errorf("prepare %s at %s: %s", m.Name, control, status.Convert(err).Message())
	}
	return answer.GetAddress(), nil
}

// Witness is told of what is done to processes.
type Witness interface {
	// Before is told of the control of a process that is about to get a signal.
	Before(ctx context.Context, control string) error
	// Signals is told of a window, and how long after the start of the measured part it
	// begins, at once.
	Signals(w fault.Window, at time.Duration)
	// Again is told of a control that answers for a new process.
	Again(ctx context.Context, control string) error
}

// Perform carries out what is done to processes by signals, at its time, until ctx
// ends. A process that is not back yet gets its next signal when it is: what was
// delivered tells.
func (t *Topology) Perform(ctx context.Context, begin time.Time, w Witness) error {
	performing, ctx := errgroup.WithContext(ctx)
	for _, c := range t.children {
		inTurn := slices.SortedStableFunc(slices.Values(c.faults), func(a, b *signalled) int {
			return cmp.Compare(a.Window.Start, b.Window.Start)
		})
		performing.Go(func() error {
			for _, f := range inTurn {
				if err := t.perform(ctx, c, f, begin, w); err != nil && ctx.Err() == nil {
					return fmt.Errorf("%v: %w", f.Fault, err)
				}
			}
			return nil
		})
	}
	return performing.Wait()
}

// Performed tells of those faults, as a host tells of its own.
func (t *Topology) Performed() []counts.Fault {
	var out []counts.Fault
	for _, c := range t.children {
		for _, f := range c.faults {
			out = append(out, f.told())
		}
	}
	return out
}

// Scraped is where a child serves its metrics.
type Scraped struct{ Name, Address string }

// Scraped tells that of each child; none where they serve none.
func (t *Topology) Scraped() []Scraped {
	var out []Scraped
	for _, c := range t.children {
		if c.metrics != "" {
			out = append(out, Scraped{c.name, c.metrics})
		}
	}
	return out
}

// Copies counts the copies of each service that are controlled.
func (t *Topology) Copies() map[string]int {
	out := make(map[string]int)
	for _, c := range t.Controls {
		out[c.Process.Name]++
	}
	return out
}

// signalled is a fault that is done to a process, as it was delivered.
type signalled struct {
	fault.Fault
	delivered fault.Window
}

func (s *signalled) told() counts.Fault {
	f := counts.FaultOf(s.Target.String(), fault.Statistic{Kind: s.Kind, Window: s.Window})
	f.DeliveredWindow = counts.WindowOf(s.delivered)
	return f
}
