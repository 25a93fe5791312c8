package fault

import (
	"fmt"
	"strings"

	"crosstalk/internal/setting"
)

// Kind is what goes wrong.
type Kind string

// The kinds that the program itself names. Each has its file, and its line of Table.
const (
	Delay     Kind = "delay"     // work that takes time
	Abort     Kind = "abort"     // failure with a gRPC status
	Hang      Kind = "hang"      // no answer until the caller gives up
	Outage    Kind = "outage"    // away: connections are refused, consumers stop
	Slow      Kind = "slow"      // N times the work
	Freeze    Kind = "freeze"    // accepts, does nothing, then goes on: a long GC pause
	Drop      Kind = "drop"      // an event is never delivered
	Duplicate Kind = "duplicate" // an event is delivered twice
	Reorder   Kind = "reorder"   // an event is delivered after the one that follows it
	Stall     Kind = "stall"     // consumers stop reading, and go on where they were
	Rebalance Kind = "rebalance" // consumers stop, and go on where they last committed
	Poison    Kind = "poison"    // an event that nobody can decode
	Kill      Kind = "kill"      // the process is killed, and started again at the window's end
	Stop      Kind = "stop"      // the process is asked to leave, and started again at the window's end
)

// Part is the part of a target that a fault sits at.
type Part string

// The parts.
const (
	Service Part = ""       // the service itself: A, or * for all upstreams
	Store   Part = "store"  // its database: D.store
	Events  Part = "events" // the events that it publishes: A.events
	Bus     Part = "bus"    // the bus, which is no service's
)

// Everyone is the target's name that means all upstreams.
const Everyone = "*"

// Target is where a fault sits. The bus has no service.
type Target struct {
	Service string
	Part    Part
}

// UnmarshalText reads A, *, A.store, A.events or bus.
func (t *Target) UnmarshalText(text []byte) error {
	if string(text) == string(Bus) {
		*t = Target{Part: Bus}
		return nil
	}
	service, part, parted := strings.Cut(string(text), ".")
	next := Target{service, Part(part)}
	if service != Everyone && !setting.IsName(service) || parted && next.Part != Store && next.Part != Events {
		return fmt.Errorf("%q is no target: a service such as A, * for all upstreams, A.store, A.events or bus", text)
	}
	*t = next
	return nil
}

// String returns the text that UnmarshalText reads.
func (t Target) String() string {
	switch t.Part {
	case Service:
		return t.Service
	case Bus:
		return string(Bus)
	}
	return t.Service + "." + string(t.Part)
}
