package fault

import (
	"context"
	"time"

	"google.golang.org/grpc/status"

	"crosstalk/internal/dist"
	"crosstalk/internal/setting"
)

// Rules is what is asked of a service's boundary. The zero value leaves every
// interaction untouched.
type Rules struct {
	// Aborts fail their share of the interactions that do not hang.
	Aborts Aborts
	// HangRate is the share of the interactions that are never answered.
	HangRate setting.Share
	// Work is how long the service works on an interaction that does not hang.
	Work dist.Distribution
}

// Boundary is where a service is used, and where its faults act. It is safe for
// concurrent use.
type Boundary struct {
	faults []fault // in the order in which they act
}

// fault is one kind of fault at a boundary.
type fault interface {
	// decide returns d with this fault's part filled in. It is pure.
	decide(i Interaction, d Decision) Decision
	// act does what d says and counts it. An error is a gRPC status, and the end
	// of the interaction.
	act(ctx context.Context, i Interaction, d Decision) error
	statistics() []Statistic
}

// NewBoundary returns the boundary of a service. The shares of rules must be in
// [0, 1], and those of its Aborts must not add up to more than 1, as in all that
// is read from text.
func NewBoundary(service string, seed uint64, rules Rules) *Boundary {
	b := &Boundary{}
	if rules.HangRate > 0 {
		b.faults = append(b.faults, newHang(service, seed, rules.HangRate))
	}
	if !rules.Work.IsZero() {
		b.faults = append(b.faults, newDelay(service, seed, rules.Work))
	}
	if len(rules.Aborts) > 0 {
		b.faults = append(b.faults, newAbort(service, seed, rules.Aborts))
	}
	return b
}

// Decide returns what interaction i meets. It is pure.
func (b *Boundary) Decide(i Interaction) Decision {
	var d Decision
	for _, f := range b.faults {
		if d = f.decide(i, d); d.Hang {
			break
		}
	}
	return d
}

// Pass lets one interaction through the boundary: it hangs until ctx is done, or
// else is delayed by the service's work and then perhaps aborted, in this order,
// as in Envoy. nil means that the service may answer; an error is a gRPC status:
// the abort's, or DEADLINE_EXCEEDED or CANCELLED where ctx ended a wait. Under a ctx
// that never ends, what hangs hangs for ever. A ctx that has ended already matters
// only where there is a wait. A delay that would end at ctx's deadline is cut short.
func (b *Boundary) Pass(ctx context.Context, i Interaction) error {
	d := b.Decide(i)
	for _, f := range b.faults {
		if err := f.act(ctx, i, d); err != nil {
			return err
		}
	}
	return nil
}

// Statistic is what one fault was asked to do and what it did, the warm-up left
// out.
type Statistic struct {
	// Kind is "hang", "delay" or "abort".
	Kind string
	// Code is the gRPC name of an abort's code, such as UNAVAILABLE; else empty.
	Code string
	// Asked is the share of the interactions that should meet the fault.
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
		out = append(out, f.statistics()...)
	}
	return out
}

// ended returns the gRPC status of a wait that ctx has ended.
func ended(ctx context.Context, service, what string) error {
	s := status.FromContextError(ctx.Err())
	return status.Errorf(s.Code(), "%s %s: %s", service, what, s.Message())
}
