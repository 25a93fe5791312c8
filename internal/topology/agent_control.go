package topology

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/clock"
	"crosstalk/internal/counts"
	"crosstalk/internal/sys"
)

// control answers the driver: itself, where it is about what the node is, and by the
// host otherwise.
type control struct {
	fakesvcpb.UnimplementedControlServer
	agent *Agent
}

func (c control) Prepare(ctx context.Context, r *fakesvcpb.PrepareRequest) (*fakesvcpb.PrepareResponse, error) {
	t, err := taskOf(r)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if err := c.free(ctx, t.Prefix); err != nil {
		return nil, err
	}
	address, err := c.agent.prepare(ctx, t)
	if err != nil {
		c.agent.Log.Error().Err(err).Msg("cannot be what a driver asks for")
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	return &fakesvcpb.PrepareResponse{Address: address}, nil
}

// freeWithin is how long a driver that has died may take to be missed.
const freeWithin = 2 * time.Second

// free refuses a run while the node has another one, whose driver is there. Two of
// them would write to the same databases.
func (c control) free(ctx context.Context, prefix string) error {
	for limit := time.Now().Add(freeWithin); ; {
		n, err := c.node(context.Background())
		if err != nil || n.prefix == prefix || n.watchers.Load() == 0 {
			return nil
		}
		if time.Now().After(limit) {
			return status.Errorf(codes.FailedPrecondition, "another run has this node, %s", n.prefix)
		}
		if err := clock.Sleep(ctx, 20*time.Millisecond); err != nil {
			return status.FromContextError(err).Err()
		}
	}
}

// Release is of the caller's run: what another one has taken meanwhile is not its.
func (c control) Release(ctx context.Context, _ *fakesvcpb.ReleaseRequest) (*fakesvcpb.ReleaseResponse, error) {
	a := c.agent
	if n, err := c.node(ctx); err == nil {
		n.attached.end()
	}
	a.mu.Lock()
	_, err := a.nodeOf(ctx) // under the same lock: another driver may wait for it
	if err == nil {
		a.endBefore()
	}
	a.mu.Unlock()
	if err == nil && a.Own != nil {
		go a.own(a.life)
	}
	return &fakesvcpb.ReleaseResponse{}, nil
}

func (c control) Begin(ctx context.Context, r *fakesvcpb.BeginRequest) (*fakesvcpb.BeginResponse, error) {
	n, err := c.node(ctx)
	if err != nil {
		return nil, err
	}
	in := time.Duration(r.GetInNanos())
	n.spent.begin(in, n.measured)
	n.begins.Store(time.Now().Add(in).UnixNano())
	return n.host.Control().Begin(ctx, r)
}

func (c control) Statistics(ctx context.Context, r *fakesvcpb.StatisticsRequest) (*fakesvcpb.StatisticsResponse, error) {
	n, err := c.node(ctx)
	if err != nil {
		return nil, err
	}
	out, err := n.host.Statistics(ctx, r.GetLast())
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	_, out.Attached = n.attached.count()
	if r.GetLast() {
		out.Spans = n.tracer.Flush()
	}
	out.Usage = &counts.Usage{CPUSeconds: n.spent.cpu().Seconds(), MaxResidentBytes: sys.MaxResident()}
	return fakesvc.StatisticsResponse(out)
}

func (c control) Watch(r *fakesvcpb.WatchRequest, stream grpc.ServerStreamingServer[fakesvcpb.WatchResponse]) error {
	n, err := c.node(stream.Context())
	if err != nil {
		return err
	}
	n.watchers.Add(1)
	defer n.watchers.Add(-1)
	return n.host.Control().Watch(r, stream)
}

func (c control) Rows(r *fakesvcpb.RowsRequest, stream grpc.ServerStreamingServer[fakesvcpb.RowsResponse]) error {
	n, err := c.node(stream.Context())
	if err != nil {
		return err
	}
	return n.host.Control().Rows(r, stream)
}

// node returns the node of the run that a call is for.
func (c control) node(ctx context.Context) (*node, error) {
	return c.agent.nodeOf(ctx)
}

// nodeOf is what node returns.
func (a *Agent) nodeOf(ctx context.Context) (*node, error) {
	n := a.node.Load()
	switch run := fakesvc.RunOf(ctx); {
	case n == nil:
		return nil, status.Error(codes.FailedPrecondition, "the node is not prepared for a run")
	case run != "" && run != n.prefix:
		return nil, status.Error(codes.FailedPrecondition, "the node has been taken by another run")
	}
	return n, nil
}
