package fakesvc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// NodeConfig is what a service is.
type NodeConfig struct {
	Name string
	// Owns tells whether the service has records of its own. One that owns none
	// answers with those of its needs.
	Owns bool
	// Sequential fetches the needs one after the other, not at the same time.
	Sequential bool
	Boundary   *fault.Boundary
}

// Node is one service, running on a host.
type Node struct {
	NodeConfig
	host    *Host
	records store.Collection
	needs   []need
	changed []func(write int64, r record.Record)
}

type need struct {
	service string
	source  Source
}

// Host returns the process that the node runs in.
func (n *Node) Host() *Host { return n.host }

// Records returns the node's own collection; nil where it owns none.
func (n *Node) Records() store.Collection { return n.records }

// Need adds an upstream. All needs are added before the host starts.
func (n *Node) Need(service string, source Source) {
	n.needs = append(n.needs, need{service, source})
}

// OnChange has fn called with each record after a write has stored it, and with
// the write's number. All are added before the host starts; fn must not block.
func (n *Node) OnChange(fn func(write int64, r record.Record)) {
	n.changed = append(n.changed, fn)
}

// Query is one use of the service: it passes the boundary, gathers what the
// service needs and answers. Errors are gRPC statuses.
func (n *Node) Query(ctx context.Context, key record.Key) ([]Owned, error) {
	use := fault.Interaction{Kind: fault.Call, ID: RequestOf(ctx).ID}
	if err := n.Boundary.Pass(ctx, use); err != nil {
		return nil, err
	}
	gathered, err := n.gather(ctx, key)
	if err != nil {
		return nil, err
	}
	if !n.Owns {
		return gathered, nil
	}
	r, err := Lookup(ctx, n.records, n.Name, key)
	if err != nil {
		return nil, err
	}
	return []Owned{{n.Name, r}}, nil
}

func (n *Node) gather(ctx context.Context, key record.Key) ([]Owned, error) {
	answer := make([]Owned, len(n.needs))
	fetch := func(ctx context.Context, i int) error {
		r, err := n.needs[i].source.Fetch(ctx, key)
		if err != nil {
			s := status.Convert(err)
			return status.Errorf(s.Code(), "%s needs %s: %s", n.Name, n.needs[i].service, s.Message())
		}
		answer[i] = Owned{n.needs[i].service, r}
		return nil
	}
	if n.Sequential || len(n.needs) == 1 {
		for i := range n.needs {
			if err := fetch(ctx, i); err != nil {
				return nil, err
			}
		}
		return answer, nil
	}
	// The first failure decides the answer, so the other calls are given up.
	group, ctx := errgroup.WithContext(ctx)
	for i := range n.needs {
		group.Go(func() error { return fetch(ctx, i) })
	}
	return answer, group.Wait()
}

// Lookup reads a service's record from a collection, its own or a copy. Its
// error is a gRPC status.
func Lookup(ctx context.Context, c store.Collection, service string, key record.Key) (record.Record, error) {
	r, err := c.Get(ctx, key)
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, store.ErrNotFound):
		return r, status.Errorf(codes.NotFound, "%s has no record %d", service, key)
	case ctx.Err() != nil:
		return r, status.FromContextError(ctx.Err()).Err()
	default:
		return r, status.Errorf(codes.Internal, "read %s record %d: %v", service, key, err)
	}
}

// Write stores a version of a record, and returns when the database has it. A
// version that is not newer than the stored one changes nothing.
func (n *Node) Write(ctx context.Context, write int64, r record.Record) error {
	if !n.Owns {
		return status.Errorf(codes.FailedPrecondition, "%s owns no records", n.Name)
	}
	r.WrittenAt = time.Now()
	stored, err := n.records.Put(ctx, []record.Record{r})
	if err != nil {
		return status.Errorf(codes.Internal, "write %s record %d: %v", n.Name, r.Key, err)
	}
	for _, r := range stored {
		for _, fn := range n.changed {
			fn(write, r)
		}
	}
	return nil
}

// Seed fills the node's collection with version 1 of the keys 0 to keys−1, size
// bytes each, as the state before the experiment.
func (n *Node) Seed(ctx context.Context, keys, size int) error {
	const batch = 1000
	for from := 0; from < keys; from += batch {
		records := make([]record.Record, 0, batch)
		for key := from; key < min(from+batch, keys); key++ {
			k := record.Key(key)
			records = append(records, record.Record{
				Key: k, Version: 1, WrittenAt: time.Now(), Payload: record.Payload(n.Name, k, 1, size),
			})
		}
		if _, err := n.records.Put(ctx, records); err != nil {
			return fmt.Errorf("fill the database of %s: %w", n.Name, err)
		}
	}
	return nil
}
