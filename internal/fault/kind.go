package fault

import (
	"fmt"
	"slices"
	"strings"

	"crosstalk/internal/setting"
)

// Kind is what goes wrong.
type Kind string

// The kinds. Those of a window act for all of it; the others meet a share of the
// interactions, within their window if they have one.
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

// Signals tells whether the kind is done to a process by a signal, and so to a real
// one alone.
func (k Kind) Signals() bool { return k == Kill || k == Stop }

// TakesAway tells whether the service is away for the window: nothing answers at its
// address.
func (k Kind) TakesAway() bool { return k == Outage || k.Signals() }

// Part is the part of a target that a fault sits at.
type Part string

// The parts.
const (
	Service Part = ""       // the service itself: A, or * for all upstreams
	Store   Part = "store"  // its database: D.store
	Events  Part = "events" // the events that it publishes: A.events
	Bus     Part = "bus"    // the bus, which is no service's
)

// argument is what stands behind a kind's name.
type argument int

const (
	nothing argument = iota // the window says it all, so there must be one
	share
	distribution
	aborts
	factor
)

// fits lists the kinds that a part can suffer, and their arguments.
var fits = map[Part]map[Kind]argument{
	Service: {Delay: distribution, Abort: aborts, Hang: share, Outage: nothing, Slow: factor, Freeze: nothing, Kill: nothing, Stop: nothing},
	Store:   {Delay: distribution, Abort: aborts},
	Events:  {Poison: share},
	Bus: {
		Outage: nothing, Delay: distribution, Drop: share, Duplicate: share, Reorder: share,
		Stall: nothing, Rebalance: nothing, Kill: nothing, Stop: nothing,
	},
}

// Kinds returns the kinds that a part can suffer, sorted.
func (p Part) Kinds() []Kind {
	var kinds []Kind
	for kind := range fits[p] {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

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
