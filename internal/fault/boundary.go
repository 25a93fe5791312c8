package fault

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/status"

	"crosstalk/internal/clock"
)

// Boundary is where a service or a database is used, and where its faults act.
// It is safe for concurrent use.
type Boundary struct {
	faults []Injector // in the order in which they act
}

// Injector is one fault at a boundary. It is safe for concurrent use.
type Injector interface {
	// Decide returns d with this fault's part added. It is pure.
	Decide(i Interaction, d Decision) Decision
	// Act does its part of d and counts it. An error is a gRPC status, and the end
	// of the interaction.
	Act(ctx context.Context, i Interaction, d Decision, sleep clock.Sleeper) error
	// Statistics returns what was asked for and what was done, one for each code.
	Statistics() []Statistic
}

// NewBoundary returns the boundary of a place: a service or a database, by its
// name. Of faults, those count whose kind a boundary can deliver. The shares must
// be in [0, 1], and those of an abort must not add up to more than 1, as in all
// that is read from text.
func NewBoundary(place string, seed uint64, faults Faults) *Boundary {
	b := &Boundary{}
	for _, d := range Table {
		if d.Inject == nil {
			continue
		}
		nth := 0
		for _, f := range faults {
			if f.Kind == d.Kind {
				b.faults = append(b.faults, d.Inject(place, seed, f, nth, slices.Clone(b.faults)))
				nth++
			}
		}
	}
	return b
}

// Decide returns what interaction i meets. It is pure.
func (b *Boundary) Decide(i Interaction) Decision {
	var d Decision
	if i.ID == Beforehand {
		return d
	}
	for _, f := range b.faults {
		if d = f.Decide(i, d); d.Hang {
			break
		}
	}
	return d
}

// Pass lets one interaction through the boundary: it hangs until ctx is done, or
// else is delayed by the work and then perhaps aborted, in this order. nil means
// that the service may answer; an error is a gRPC status: the abort's, or
// DEADLINE_EXCEEDED or CANCELLED where ctx ended a wait. Under a ctx that never
// ends, what hangs hangs for ever. A ctx that has ended already matters only
// where there is a wait. A delay that would end at ctx's deadline is cut short.
func (b *Boundary) Pass(ctx context.Context, i Interaction) error {
	return b.PassBy(ctx, i, clock.Sleep)
}

// PassBy does that, with a way to wait of the caller's.
func (b *Boundary) PassBy(ctx context.Context, i Interaction, sleep clock.Sleeper) error {
	if i.ID == Beforehand {
		return nil
	}
	d := b.Decide(i)
	for _, f := range b.faults {
		if err := f.Act(ctx, i, d, sleep); err != nil {
			return err
		}
	}
	return nil
}

// Statistic is what one fault was asked to do and what it did, the warm-up left
// out.
type Statistic struct {
	Kind Kind
	// Window is when the fault acts. Interactions outside of it are not counted.
	Window Window
	// Code is the gRPC name of an abort's code, such as UNAVAILABLE; else empty.
	Code string
	// Asked is the share of the interactions that should meet the fault; of a slow
	// one, the factor.
	Asked float64
	// Interactions counts those that arrived at this fault. One that hung does not
	// arrive at the later faults, and one whose delay was cut short does not arrive
	// at the aborts, so that each share can be compared with what was asked.
	Interactions int64
	// Delivered counts those that met the fault: that began to hang, whose delay
	// was completed, or that were aborted.
	Delivered int64
	// CutShort counts the delays that ended early with their context. They are in
	// Interactions only, and neither in Delivered nor in the means.
	CutShort int64
	// MeanAsked and MeanDelivered are the means over the completed delays, as drawn
	// and as measured: their difference is what the timers overshot. MeanAsked is
	// below the distribution's mean where long delays are cut short.
	MeanAsked     time.Duration
	MeanDelivered time.Duration
}

// Statistics returns a Statistic for each fault that was asked for, and each code
// of the aborts, in the order in which they act.
func (b *Boundary) Statistics() []Statistic {
	var out []Statistic
	for _, f := range b.faults {
		out = append(out, f.Statistics()...)
	}
	return out
}

// ended returns the gRPC status of a wait that ctx has ended.
func ended(ctx context.Context, place, what string) error {
	s := status.FromContextError(ctx.Err())
	return status.Errorf(s.Code(), "%s %s: %s", place, what, s.Message())
}
