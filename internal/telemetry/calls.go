package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/fault"
)

// nCodes is how many codes there are in the gRPC specification. A peer that says
// anything else is counted as UNKNOWN, so that codes stay bounded.
const nCodes = int(codes.Unauthenticated) + 1

// byCode has a value for each code. It is made when the code is first seen, and
// found without a lock from then on.
type byCode[T any] struct {
	made [nCodes]atomic.Pointer[T]
	make func(code string) *T
}

// expected are the codes that there are values for from the beginning: where a
// counter first shows with what it has counted already, that is in no rate.
var expected = []codes.Code{codes.OK, codes.Unavailable, codes.DeadlineExceeded}

func (b *byCode[T]) expect() {
	for _, code := range expected {
		b.of(code)
	}
}

func (b *byCode[T]) of(code codes.Code) *T {
	if int(code) >= nCodes {
		code = codes.Unknown
	}
	slot := &b.made[code]
	if v := slot.Load(); v != nil {
		return v
	}
	slot.CompareAndSwap(nil, b.make(fault.CodeName(code)))
	return slot.Load()
}

// Calls measures the calls of one kind. nil does not.
type Calls struct{ outcomes byCode[outcome] }

type outcome struct {
	total prometheus.Counter
	took  prometheus.Observer
}

func (r *Run) calls(total, took Family, labels ...string) *Calls {
	c := &Calls{}
	c.outcomes.make = func(code string) *outcome {
		all := append(labels[:len(labels):len(labels)], code)
		return &outcome{r.counter(total, all...), r.histogram(took, all...)}
	}
	c.outcomes.expect()
	return c
}

// Needs measures what a service asks of a peer over a link.
func (r *Run) Needs(service, peer, link string) *Calls {
	if r == nil {
		return nil
	}
	return r.calls(requests, requestDuration, service, peer, link)
}

// Serves measures the queries that a service answers.
func (r *Run) Serves(service string) *Calls {
	if r == nil {
		return nil
	}
	return r.calls(served, servedDuration, service)
}

// Begin returns what End wants to know of a call that begins now.
func (c *Calls) Begin() time.Time {
	if c == nil {
		return time.Time{}
	}
	return time.Now()
}

// End notes the end of a call; err is its gRPC status.
func (c *Calls) End(begun time.Time, err error) {
	if c == nil {
		return
	}
	o := c.outcomes.of(status.Code(err))
	o.total.Inc()
	o.took.Observe(time.Since(begun).Seconds())
}
