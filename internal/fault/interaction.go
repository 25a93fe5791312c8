package fault

import (
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/seeded"
)

// Kind is how a service is used.
type Kind uint8

// The kinds. Their numbers are part of each decision: they must not change.
const (
	// Call is a call or a query to the service.
	Call Kind = iota
	// Publish is an attempt of the service to publish a change.
	Publish
)

// Interaction is one use of a service.
type Interaction struct {
	Kind Kind
	// ID is the driver's number of the request (Call) or of the write (Publish).
	// It is negative in the warm-up, where faults act but are not counted.
	ID int64
	// Attempt tells the tries of one interaction apart, from 0.
	Attempt int
}

func (i Interaction) counted() bool { return i.ID >= 0 }

// Decision is what an interaction meets. One that hangs meets nothing else.
type Decision struct {
	Hang bool
	// Delay is how long the service works on it; 0 = not at all.
	Delay time.Duration
	// Abort is the code that it fails with after the delay; OK = it does not.
	Abort codes.Code
}

// draw is the source of one fault's random numbers.
type draw struct {
	seed uint64
	name string
}

// newDraw keeps faults apart: a space stands in no service's name.
func newDraw(seed uint64, service, fault string) draw { return draw{seed, service + " " + fault} }

// of returns the number in (0, 1) of an interaction.
func (d draw) of(i Interaction) float64 {
	return seeded.Unit(d.seed, d.name, uint64(i.Kind), uint64(i.ID), uint64(i.Attempt))
}
