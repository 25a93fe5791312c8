package fakesvc

import (
	"context"
	"net"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/clock"
	"crosstalk/internal/telemetry"
	"crosstalk/internal/tracing"
)

// Env is the world that nodes and links live in. Tests pass a virtual network.
type Env struct {
	// Listen opens a port; Dial reaches one.
	Listen func(network, address string) (net.Listener, error)
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	// Bus administers the bus that Cluster says where it is; nil where nothing in the
	// topology uses one. Each host has a connection of its own for its events.
	Bus     *bus.Client
	Cluster bus.Config
	// Prefix begins the name of each topic of this run.
	Prefix string
	// Address tells where a service's gRPC port is: host:port, by commas where it
	// has several copies.
	Address func(service string) string
	// Entity names the records of a service in event types: "User" gives UserQuery.
	Entity func(service string) string
	// Tracer makes a span of each query and each fetch; nil makes none.
	Tracer *tracing.Tracer
	// Metrics shows what goes on; nil shows nothing.
	Metrics *telemetry.Run
	// Access is how the controls are guarded.
	Access Access
	// Writer is what each write of the run's driver carries, and what its owners take
	// writes by; empty lets everyone write who reaches the port.
	Writer string
	// Keys is how many records each owner is seeded with.
	Keys int
	// Timeout bounds a call of a service, where its context does not end before, and
	// one attempt to publish a change; 0 bounds no call.
	Timeout time.Duration
	// Partitions is how many each topic of queries, replies and changes has; 0 is one.
	Partitions int
	// Groups tells that a service may run in several copies, which share its work
	// and its database.
	Groups bool
	// Sleep is how the delays of the services are waited for; nil is clock.Sleep,
	// which a fake clock can stand in for.
	Sleep clock.Sleeper
}

func (e Env) sleep() clock.Sleeper {
	if e.Sleep == nil {
		return clock.Sleep
	}
	return e.Sleep
}

// DeadLetters is the topic of the events that nobody could decode.
func (e Env) DeadLetters() string { return e.Prefix + ".dead-letters" }

// Topic returns the name of a service's topic for a purpose, such as "queries".
func (e Env) Topic(service, purpose string) string {
	return e.Prefix + "." + service + "." + purpose
}
