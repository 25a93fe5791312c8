package fault

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// abort fails interactions with a status. One draw decides among the codes, since
// an interaction fails with one of them at most.
type abort struct {
	aborts  Aborts
	draw    draw
	arrived atomic.Int64
	// Of each of aborts:
	delivered []atomic.Int64
	errors    []error
}

func newAbort(service string, seed uint64, aborts Aborts) *abort {
	f := &abort{
		aborts: aborts, draw: newDraw(seed, service, "abort"),
		delivered: make([]atomic.Int64, len(aborts)), errors: make([]error, len(aborts)),
	}
	for i, a := range aborts {
		f.errors[i] = status.Errorf(a.Code, "%s aborted on purpose", service)
	}
	return f
}

func (f *abort) decide(i Interaction, d Decision) Decision {
	u, sum := f.draw.of(i), 0.0
	for _, a := range f.aborts {
		if sum += float64(a.Rate); u < sum {
			d.Abort = a.Code
			break
		}
	}
	return d
}

func (f *abort) act(_ context.Context, i Interaction, d Decision) error {
	if i.counted() {
		f.arrived.Add(1)
	}
	if d.Abort == codes.OK {
		return nil
	}
	n := f.aborts.index(d.Abort)
	if i.counted() {
		f.delivered[n].Add(1)
	}
	return f.errors[n]
}

func (f *abort) statistics() []Statistic {
	out := make([]Statistic, len(f.aborts))
	for i, a := range f.aborts {
		out[i] = Statistic{Kind: "abort", Code: CodeName(a.Code), Asked: float64(a.Rate), Delivered: f.delivered[i].Load()}
	}
	arrived := f.arrived.Load() // after delivered, so that it is never below it
	for i := range out {
		out[i].Interactions = arrived
	}
	return out
}
