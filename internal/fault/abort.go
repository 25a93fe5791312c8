package fault

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/clock"
)

var aborted = Definition{
	Kind: Abort, Argument: Codes,
	Doc:    "fails after its work, with a gRPC status",
	Docs:   map[Part]string{Store: "look-ups and transactions fail with a gRPC status"},
	Parts:  map[Part]string{Service: "50%", Store: "50%"},
	Inject: newAbort,
}

// abort fails interactions with a status. One draw decides among the codes, since
// an interaction fails with one of them at most.
type abort struct {
	aborts  Aborts
	window  Window
	draw    draw
	arrived atomic.Int64
	// Of each of aborts:
	delivered []atomic.Int64
	errors    []error
}

func newAbort(place string, seed uint64, f Fault, nth int, _ []Injector) Injector {
	a := &abort{
		aborts: f.Aborts, window: f.Window, draw: newDraw(seed, place, Abort, nth),
		delivered: make([]atomic.Int64, len(f.Aborts)), errors: make([]error, len(f.Aborts)),
	}
	for i, one := range f.Aborts {
		a.errors[i] = status.Errorf(one.Code, "%s aborted on purpose", place)
	}
	return a
}

// of returns the index of the abort that i meets, or -1. It is pure.
func (f *abort) of(i Interaction) int {
	if !f.window.Contains(i.At) {
		return -1
	}
	u, sum := f.draw.of(i), 0.0
	for n, a := range f.aborts {
		if sum += float64(a.Rate); u < sum {
			return n
		}
	}
	return -1
}

func (f *abort) Decide(i Interaction, d Decision) Decision {
	if n := f.of(i); n >= 0 && d.Abort == codes.OK {
		d.Abort = f.aborts[n].Code
	}
	return d
}

func (f *abort) Act(_ context.Context, i Interaction, _ Decision, _ clock.Sleeper) error {
	if !f.window.Contains(i.At) {
		return nil
	}
	n := f.of(i)
	if i.counted() {
		f.arrived.Add(1)
		if n >= 0 {
			f.delivered[n].Add(1)
		}
	}
	if n < 0 {
		return nil
	}
	return f.errors[n]
}

func (f *abort) Statistics() []Statistic {
	out := make([]Statistic, len(f.aborts))
	for i, a := range f.aborts {
		out[i] = Statistic{Kind: Abort, Window: f.window, Code: CodeName(a.Code), Asked: float64(a.Rate), Delivered: f.delivered[i].Load()}
	}
	arrived := f.arrived.Load() // after delivered, so that it is never below it
	for i := range out {
		out[i].Interactions = arrived
	}
	return out
}
