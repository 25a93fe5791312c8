// Package fakesvc is the fake service: one type for A, B, C and D, however they
// are wired.
//
// Its law: a node knows what it needs and never how a need is met. All that
// differs between scenarios is behind Source, and all that can go wrong with a
// service on purpose happens at its boundary, once, whichever way it is reached.
package fakesvc

import (
	"context"
	"time"

	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// A Source answers for one upstream: by calling it, by asking over the bus, or
// from a local copy.
type Source interface {
	// Fetch returns the upstream's record of key. Its error is a gRPC status;
	// ctx carries the deadline and the Request that this is done for.
	Fetch(ctx context.Context, key record.Key) (record.Record, error)
}

// A Link is a way of joining a consumer to a supplier. It is told of each
// supplier once and of each need once; what has to run, it gives to the hosts.
type Link interface {
	// Supply prepares a node to answer for, or to publish, its records.
	Supply(ctx context.Context, supplier *Node) error
	// Connect returns the consumer's Source for a supplier that it needs, which
	// has been given to Supply before.
	Connect(ctx context.Context, consumer *Node, supplier string) (Source, error)
}

// A Replica is a Source that answers from a copy of its own.
type Replica interface {
	Source
	// Copy returns the collection that holds the copy.
	Copy() store.Collection
	// Bootstrap tells what it took to catch up; the zero value before that.
	Bootstrap() Bootstrap
	// Pending returns the changes that the bus has and the copy does not, by key and
	// version alone.
	Pending(ctx context.Context) ([]record.Record, error)
}

// Bootstrap is what a copy read when its process started, until it had caught up.
type Bootstrap struct {
	// Events is their number; Bytes is that of their keys and data.
	Events, Bytes int64
	// Took is from the start of its reading until it had caught up.
	Took time.Duration
}

// Owned is a record and the service whose record it is.
type Owned struct {
	Service string
	record.Record
}

// Request is what a query is done for. It travels with the query.
type Request struct {
	// ID is the driver's request number; negative in the warm-up. Faults are
	// decided by it.
	ID int64
	// Try tells the tries of the request apart where someone on its way tries
	// again; that of the first is 0.
	Try uint64
	// Traceparent is the W3C trace context, or empty.
	Traceparent string
}

type requestKey struct{}

// WithRequest returns a context that carries r: ctx itself where it does already, as
// on most of a request's way.
func WithRequest(ctx context.Context, r Request) context.Context {
	if is, ok := ctx.Value(requestKey{}).(Request); ok && is == r {
		return ctx
	}
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestOf returns the request that ctx carries, or the zero one.
func RequestOf(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}
