package agent

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
)

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
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{
			Env: env, Control: control, Listen: "127.0.0.1:0", Dir: t.TempDir(), Grace: time.Second, Own: &own, Log: zerolog.Nop(),
		})
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the node has ended with %v", err)
		}
	}()
	time.Sleep(300 * time.Millisecond) // it waits for its topics by now

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
