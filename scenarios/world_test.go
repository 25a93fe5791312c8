package scenarios_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/counts"
	"crosstalk/internal/experiment"
	"crosstalk/internal/record"
	"crosstalk/internal/simnet"
	"crosstalk/scenarios"
)

// quiet returns an experiment in which nothing takes time and nothing fails, with
// settings as on the command line over it.
func quiet(t *testing.T, settings ...string) *experiment.Experiment {
	t.Helper()
	e := experiment.Default()
	settings = append([]string{"latency", "none", "store", "memory", "keys", "20", "payload", "16"}, settings...)
	for i := 0; i < len(settings); i += 2 {
		set(t, &e, settings[i], settings[i+1])
	}
	return &e
}

func set(t *testing.T, e *experiment.Experiment, name, text string) {
	t.Helper()
	for _, s := range e.Settings() {
		if s.Name == name {
			if err := s.Value.UnmarshalText([]byte(text)); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no setting %q", name)
}

// bubble is a running topology on a network in memory, under a fake clock.
type bubble struct {
	*testing.T
	topology *scenarios.Topology
	entry    *fakesvc.Client
	owners   map[string]*fakesvc.Client
	controls []*fakesvc.ControlClient
	real     bool // the clock is the real one
}

// each runs a test for every scenario, against its topology of a quiet experiment
// with settings over it.
func each(t *testing.T, settings []string, test func(b *bubble, scenario string)) {
	t.Helper()
	for _, name := range scenarios.Names() {
		t.Run(name, func(t *testing.T) {
			inBubble(t, name, quiet(t, settings...), func(b *bubble) { test(b, name) })
		})
	}
}

// inBubble runs test against a topology. The bubble fails if a goroutine is left
// when the topology is closed.
func inBubble(t *testing.T, scenario string, e *experiment.Experiment, test func(b *bubble)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		in(t, scenario, e, scenarios.World{
			Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Dir: dir, Prefix: "test",
		}, &bubble{T: t}, test)
	})
}

// in runs test against a topology in a world.
func in(t *testing.T, scenario string, e *experiment.Experiment, w scenarios.World, b *bubble, test func(b *bubble)) {
	t.Helper()
	if err := e.Validate(scenarios.Names(), scenarios.Remote); err != nil {
		t.Fatal(err)
	}
	s, _ := scenarios.ByName(scenario)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var err error
	if b.topology, err = scenarios.Start(ctx, s, e, w); err != nil {
		t.Fatal(err)
	}
	b.owners = make(map[string]*fakesvc.Client)
	defer b.close()
	b.entry = b.client(e.Entry().Name)
	for _, owner := range e.Owners() {
		b.owners[owner] = b.client(owner)
	}
	for _, c := range b.topology.Controls {
		control, err := fakesvc.DialControl(b.topology.Env, c.Address)
		if err != nil {
			t.Fatal(err)
		}
		b.controls = append(b.controls, control)
	}
	test(b)
	select {
	case err := <-b.topology.Failed():
		t.Errorf("a part failed: %v", err)
	default:
	}
}

func (b *bubble) close() {
	b.entry.Close()
	for _, c := range b.owners {
		c.Close()
	}
	for _, c := range b.controls {
		c.Close()
	}
	if err := b.topology.Close(); err != nil {
		b.Errorf("close: %v", err)
	}
}

func (b *bubble) client(service string) *fakesvc.Client {
	b.Helper()
	c, err := fakesvc.Dial(b.topology.Env, service, b.topology.Env.Address(service))
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Connected(b.Context()); err != nil {
		b.Fatal(err)
	}
	return c
}

// ask queries the entry with a deadline of a second, and tells how long it took.
func (b *bubble) ask(id int64, key record.Key) (answer []fakesvc.Owned, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(b.Context(), time.Second)
	defer cancel()
	begin := time.Now()
	answer, err = b.entry.Query(fakesvc.WithRequest(ctx, fakesvc.Request{ID: id}), key)
	return answer, time.Since(begin), err
}

func (b *bubble) write(service string, id int64, key record.Key, version uint64) {
	b.Helper()
	err := b.owners[service].Write(b.Context(), id, record.Record{
		Key: key, Version: version, Payload: record.Payload(service, key, version, 16),
	})
	if err != nil {
		b.Fatal(err)
	}
}

// begin starts the measured part now.
func (b *bubble) begin() {
	b.Helper()
	for _, c := range b.controls {
		if _, err := c.Begin(b.Context(), &fakesvcpb.BeginRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}

func (b *bubble) statistics() (sum counts.Process) {
	b.Helper()
	for _, c := range b.controls {
		told, err := c.Statistics(b.Context(), false)
		if err != nil {
			b.Fatal(err)
		}
		sum.Add(told)
	}
	return sum
}
