package topology

import (
	"context"
	"encoding/json"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/counts"
	"crosstalk/internal/experiment"
)

func newAgent(t *testing.T) (*Agent, Task) {
	t.Helper()
	e := experiment.Default()
	for setting, value := range map[string]string{"store": "memory", "keys": "10"} {
		if err := e.Set(setting, value); err != nil {
			t.Fatal(err)
		}
	}
	task, err := NewTask(&e, "sync", "A")
	if err != nil {
		t.Fatal(err)
	}
	task.Prefix = "one"
	a := &Agent{
		AgentConfig: AgentConfig{
			Env:    fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext},
			Listen: "127.0.0.1:0", Dir: t.TempDir(), Grace: time.Second, Log: zerolog.Nop(),
		},
		life: t.Context(), failed: make(chan error, 1),
	}
	t.Cleanup(func() { _ = a.leave() })
	return a, task
}

// A driver's call that waited until the process had left builds nothing: nobody would
// be there to end it.
func TestNothingIsPreparedAfterLeaving(t *testing.T) {
	a, task := newAgent(t)
	if _, err := a.prepare(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	if err := a.leave(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.prepare(t.Context(), task); err == nil || a.node.Load() != nil {
		t.Errorf("a node that has left is one again: %v", err)
	}
}

// CPU time is that of the measured part: what a node does after it, while the driver
// waits for copies and compares them, is not the load's.
func TestMeterEndsWithTheMeasuredPart(t *testing.T) {
	a, task := newAgent(t)
	if err := task.Experiment.Set("duration", "20ms"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.prepare(t.Context(), task); err != nil {
		t.Fatal(err)
	}
	c := control{agent: a}
	if _, err := c.Begin(t.Context(), &fakesvcpb.BeginRequest{}); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(10 * time.Second); a.node.Load().spent.after.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the measured part of 20 ms does not end")
		}
	}
	first := cpuOf(t, c)
	for until := time.Now().Add(100 * time.Millisecond); time.Now().Before(until); {
	}
	if second := cpuOf(t, c); second != first {
		t.Errorf("%v and then %v: work after the measured part is counted", first, second)
	}
}

func cpuOf(t *testing.T, c control) time.Duration {
	t.Helper()
	answer, err := c.Statistics(context.Background(), &fakesvcpb.StatisticsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var told counts.Process
	if err := json.Unmarshal(answer.GetProcess(), &told); err != nil {
		t.Fatal(err)
	}
	return time.Duration(told.Usage.CPUSeconds * 1e9)
}

// A node that waits for what it needs, and may for ever, still does at once what a
// driver asks of it.
func TestADriverNeedNotWaitForWhatTheNodeWasStartedAs(t *testing.T) {
	broker, err := bus.StartBroker(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	e := experiment.Default()
	own, err := NewTask(&e, "async-replicated", "D")
	if err != nil {
		t.Fatal(err)
	}
	own.Prefix, own.Kafka = "own", broker.Addresses() // whose topics nobody makes
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	env := fakesvc.Env{Listen: net.Listen, Dial: new(net.Dialer).DialContext}
	dialled := make(chan struct{})
	var once sync.Once
	waiting := env
	waiting.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if slices.Contains(own.Kafka, address) {
			once.Do(func() { close(dialled) })
		}
		return env.Dial(ctx, network, address)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- RunAgent(ctx, AgentConfig{
			Env: waiting, Control: control, Listen: "127.0.0.1:0", Dir: t.TempDir(), Grace: time.Second, Own: &own, Log: zerolog.Nop(),
		})
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the node has ended with %v", err)
		}
	}()
	select {
	case <-dialled: // from here on it waits for its topics
	case <-time.After(10 * time.Second):
		t.Fatal("the node does not look for its topics")
	}

	client, err := fakesvc.DialControl(env, control.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	asking, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	_, err = client.Prepare(asking, &fakesvcpb.PrepareRequest{Experiment: "keys: 10", Scenario: "sync", Service: "A", Prefix: "run"})
	if err != nil {
		t.Errorf("the node is not prepared: %v", err)
	}
}
