package fakesvc

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/record"
	"crosstalk/internal/store"
)

// rowsAtOnce is how many rows go into a message: some 10 kB.
const rowsAtOnce = 500

// Rows streams what a node keeps of an owner's records, or what of it is pending. No
// fault of its database meets it: this is the oracle's question.
func (c control) Rows(r *fakesvcpb.RowsRequest, stream grpc.ServerStreamingServer[fakesvcpb.RowsResponse]) error {
	if r.GetPending() {
		return c.pendingRows(r, stream)
	}
	kept := c.host.collection(r.GetService(), r.GetOwner())
	if kept == nil {
		return status.Errorf(codes.NotFound, "%s keeps no records of %s here", r.GetService(), r.GetOwner())
	}
	var rows []*fakesvcpb.Row
	send := func() error {
		err := stream.Send(&fakesvcpb.RowsResponse{Rows: rows})
		rows = nil
		return err
	}
	err := kept.Each(stream.Context(), func(rec record.Record) error {
		hash := fnv.New64a()
		hash.Write(rec.Payload)
		rows = append(rows, &fakesvcpb.Row{Key: uint64(rec.Key), Version: rec.Version, PayloadHash: hash.Sum64()})
		if len(rows) < rowsAtOnce {
			return nil
		}
		return send()
	})
	if err != nil {
		return status.Errorf(codes.Internal, "read the records of %s in %s: %v", r.GetOwner(), r.GetService(), err)
	}
	return send()
}

// pendingRows streams the changes that a node has to pass on.
func (c control) pendingRows(r *fakesvcpb.RowsRequest, stream grpc.ServerStreamingServer[fakesvcpb.RowsResponse]) error {
	changes, more, err := c.host.pending(stream.Context(), r.GetService(), r.GetOwner())
	if err != nil {
		return status.Errorf(codes.Unavailable, "pending changes of %s in %s: %v", r.GetOwner(), r.GetService(), err)
	}
	for chunk := range slices.Chunk(changes, rowsAtOnce) {
		rows := make([]*fakesvcpb.Row, len(chunk))
		for i, rec := range chunk {
			rows[i] = &fakesvcpb.Row{Key: uint64(rec.Key), Version: rec.Version}
		}
		if err := stream.Send(&fakesvcpb.RowsResponse{Rows: rows}); err != nil {
			return err
		}
	}
	return stream.Send(&fakesvcpb.RowsResponse{More: more})
}

// pending returns what a node of the host has to publish of its own records, or to
// apply of another one's.
func (h *Host) pending(ctx context.Context, service, owner string) (changes []record.Record, more bool, err error) {
	n := h.Node(service)
	if n == nil {
		return nil, false, fmt.Errorf("there is no %s here", service)
	}
	if service == owner {
		for _, fn := range n.pending {
			some, others := fn()
			changes, more = append(changes, some...), more || others
		}
		return changes, more, nil
	}
	for _, need := range n.needs {
		if replica, ok := need.source.(Replica); ok && need.service == owner {
			changes, err = replica.Pending(ctx)
		}
	}
	return changes, false, err
}

// collection returns what a node of the host keeps of an owner's records, or nil.
func (h *Host) collection(service, owner string) store.Collection {
	n := h.Node(service)
	switch {
	case n == nil:
	case service == owner && n.Owns:
		return n.records
	default:
		for _, need := range n.needs {
			if replica, ok := need.source.(Replica); ok && need.service == owner {
				return replica.Copy()
			}
		}
	}
	return nil
}

// sendAll sends every version that the host's copies hold.
func (h *Host) sendAll(stream grpc.ServerStreamingServer[fakesvcpb.WatchResponse]) error {
	for _, n := range h.nodes {
		for _, need := range n.needs {
			replica, ok := need.source.(Replica)
			if !ok {
				continue
			}
			err := replica.Copy().Each(stream.Context(), func(r record.Record) error {
				return stream.Send(&fakesvcpb.WatchResponse{Consumer: n.Name, Service: need.service, Key: uint64(r.Key), Version: r.Version, Held: true})
			})
			if err != nil {
				return status.Errorf(codes.Internal, "read the copy of %s in %s: %v", need.service, n.Name, err)
			}
		}
	}
	return nil
}
