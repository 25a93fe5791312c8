package fault

import (
	"math"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/seeded"
)

// Use is how something is used.
type Use uint8

// The uses. Their numbers are part of each decision: they must not change.
const (
	// Call is a call or a query to a service.
	Call Use = iota
	// Publish is an attempt of a service to publish a change.
	Publish
	// Read is a look-up in a database.
	Read
	// Apply is an attempt to store records in a database.
	Apply
	// Deliver is the way of an event over the bus.
	Deliver
)

// Beforehand is the ID of what is done before the load: no fault acts on it.
const Beforehand int64 = math.MinInt64

// Interaction is one use of a service, of a database or of the bus.
type Interaction struct {
	Use Use
	// ID is the driver's number of the request or of the write that this is done
	// for. It is negative in the warm-up, where faults act but are not counted.
	ID int64
	// Try tells the tries of one interaction apart; that of the first is 0.
	Try uint64
	// At is when it begins, from the start of the measured part.
	At time.Duration
}

func (i Interaction) counted() bool { return i.ID >= 0 }

// Again returns the Try of the n-th try, from 0, of something that is itself done
// in a try: a call that is retried makes the calls below it anew.
func Again(try uint64, n int) uint64 {
	if n == 0 {
		return try
	}
	return seeded.Hash(try, "again", uint64(n))
}

// Decision is what an interaction meets. One that hangs meets nothing else.
type Decision struct {
	Hang bool
	// Delay is how long the service works on it; 0 = not at all.
	Delay time.Duration
	// Abort is the code that it fails with after the delay; OK = it does not.
	Abort codes.Code
}

// draw is the source of one fault's random numbers.
type draw struct{ seeded.Source }

// newDraw keeps faults apart: a space stands in no target's name. nth tells the
// faults of one kind at one place apart, from 0.
func newDraw(seed uint64, place string, kind Kind, nth int) draw {
	name := place + " " + string(kind)
	if nth > 0 {
		name += " " + strconv.Itoa(nth+1)
	}
	return draw{seeded.NewSource(seed, name)}
}

// of returns the number in (0, 1) of an interaction.
func (d draw) of(i Interaction) float64 {
	return d.Unit(uint64(i.Use), uint64(i.ID), i.Try)
}
