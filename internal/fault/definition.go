package fault

import (
	"slices"
	"strings"
	"syscall"
)

// Definition is all that the program knows of a kind of fault. What reads a fault from
// text, injects it, shows it, explains it or puts it into the matrix reads it here, so
// that a new kind is one file with a Definition and one line of Table.
//
// A kind acts in one way: Inject on requests and operations, Event on events, Act for a
// window of a node's time, Signal on a process. A kind that can hit both a service and
// the bus may have Inject and Event.
type Definition struct {
	Kind Kind
	// Doc says in a few words what it does, for the documentation.
	Doc string
	// Argument is what stands behind its name.
	Argument Argument
	// Parts are what it can hit, each with the value that the matrix gives it there.
	Parts map[Part]string
	// Docs say it for the parts of which Doc is not true.
	Docs map[Part]string

	// Inject returns what injects f at a place. nth counts the faults of the kind there,
	// from 0, and before are the injectors that act first.
	Inject func(place string, seed uint64, f Fault, nth int, before []Injector) Injector
	// Event changes what an event meets, where it meets the fault.
	Event func(*Passage)
	// Act returns what begins the fault at a node, and what ends it.
	Act func(n Node, at Part) (begin, end func() error)
	// Signal is sent to the process, which is started again at the end of the window; 0 is
	// none.
	Signal syscall.Signal

	// LosesEvents tells that an event which meets the fault is never applied.
	LosesEvents bool
	// TakesAway tells that nothing answers at the service's address in the window.
	TakesAway bool
}

// Node is what a kind with a window can do to a node. What is done twice is undone
// twice.
type Node interface {
	// GoDown ends all that serves and consumes, and refuses connections.
	GoDown() error
	ComeUp() error
	// Freeze accepts, and does nothing.
	Freeze() error
	Thaw() error
	// CutBus ends the connections to the bus, and refuses new ones.
	CutBus() error
	MendBus() error
	// StallConsumers ends all reading from the bus, and ResumeConsumers goes on there.
	StallConsumers() error
	ResumeConsumers() error
	// LeaveGroups ends the consumers, and JoinGroups has them go on where they last
	// committed.
	LeaveGroups() error
	JoinGroups() error
}

// Table has every kind, in the order in which those that act on the same interaction
// do so; Envoy too delays before it aborts. The kinds that lose events come after the
// others that the matrix has of the bus: what they lose stays lost until its keys are
// written again.
var Table = []Definition{
	hang, delayed, slowed, aborted, frozen,
	duplicated, reordered, stalled, rebalanced, away, dropped, poisoned,
	killed, stopped,
}

// definition returns that of a kind; an unknown one has none of its fields set.
func (k Kind) definition() Definition {
	for _, d := range Table {
		if d.Kind == k {
			return d
		}
	}
	return Definition{}
}

// Argument is what stands behind a kind's name.
type Argument int

// The arguments.
const (
	Windowed     Argument = iota // none: the window says it all, so there must be one
	Ratio                        // 1%: of the interactions
	Distribution                 // lognormal(5ms,50ms)
	Codes                        // UNAVAILABLE:5%,INTERNAL:1%
	Factor                       // 10: at least 1
)

// Argument tells what stands behind the kind's name. That of an unknown kind is Ratio.
func (k Kind) Argument() Argument {
	if d := k.definition(); d.Kind == k {
		return d.Argument
	}
	return Ratio
}

// Windowed tells whether the kind acts for all of a window, and not on a ratio of the
// interactions.
func (k Kind) Windowed() bool { return k.Argument() == Windowed }

// Delays tells whether the kind makes interactions take longer, so that means of a
// delay tell what it did.
func (k Kind) Delays() bool { return k.Argument() == Distribution || k.Argument() == Factor }

// Signal is what the kind sends to a process; 0 is nothing. A kind with a signal needs
// processes.
func (k Kind) Signal() syscall.Signal { return k.definition().Signal }

// Signals tells whether the kind is done to a process by a signal, and so to a real
// one alone.
func (k Kind) Signals() bool { return k.Signal() != 0 }

// TakesAway tells whether the service is away for the window: nothing answers at its
// address.
func (k Kind) TakesAway() bool { return k.definition().TakesAway }

// LosesEvents tells whether an event which meets the kind is never applied.
func (k Kind) LosesEvents() bool { return k.definition().LosesEvents }

// Act returns what begins and ends the fault at a node; nil where the kind is no
// node's to carry out.
func (f Fault) Act(n Node) (begin, end func() error) {
	act := f.Kind.definition().Act
	if act == nil {
		return nil, nil
	}
	return act(n, f.Target.Part)
}

// Hits tells whether the kind can hit a part.
func (d Definition) Hits(p Part) bool {
	_, ok := d.Parts[p]
	return ok
}

// Probe is the fault with which the matrix tries the kind on a part, as text without
// its window: delay=100ms.
func (d Definition) Probe(p Part) string {
	if value := d.Parts[p]; value != "" {
		return string(d.Kind) + "=" + value
	}
	return string(d.Kind)
}

// Kinds returns the kinds that a part can suffer, sorted.
func (p Part) Kinds() []Kind {
	var kinds []Kind
	for _, d := range Table {
		if d.Hits(p) {
			kinds = append(kinds, d.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

func listed(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}
