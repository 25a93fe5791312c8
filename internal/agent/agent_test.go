package agent

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
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
		Config: Config{
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
	if _, err := a.prepare(t.Context(), task); err == nil || a.node != nil {
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
	time.Sleep(100 * time.Millisecond)
	first := cpuOf(t, c)
	for until := time.Now().Add(100 * time.Millisecond); time.Now().Before(until); {
	}
	if second := cpuOf(t, c); second != first {
		t.Errorf("%v and then %v: work after the measured part is counted", first, second)
	}
}

func cpuOf(t *testing.T, c control) time.Duration {
	t.Helper()
	told, err := c.Statistics(context.Background(), &fakesvcpb.StatisticsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(told.GetProcess().GetCpuNanos())
}
