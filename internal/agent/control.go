package agent

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/usage"
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
	address, err := c.agent.prepare(ctx, t)
	if err != nil {
		c.agent.Log.Error().Err(err).Msg("cannot be what a driver asks for")
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	return &fakesvcpb.PrepareResponse{Address: address}, nil
}

func (c control) Release(context.Context, *fakesvcpb.ReleaseRequest) (*fakesvcpb.ReleaseResponse, error) {
	a := c.agent
	if n, err := c.node(); err == nil {
		n.attached.end()
	}
	a.mu.Lock()
	err := a.end(context.Background())
	a.mu.Unlock()
	if err != nil {
		a.Log.Warn().Err(err).Msg("ending a run's node")
	}
	if a.Own != nil {
		go a.own(a.life)
	}
	return &fakesvcpb.ReleaseResponse{}, nil
}

func (c control) Begin(ctx context.Context, r *fakesvcpb.BeginRequest) (*fakesvcpb.BeginResponse, error) {
	n, err := c.node()
	if err != nil {
		return nil, err
	}
	in := time.Duration(r.GetInNanos())
	n.spent.beginIn(in)
	n.begins.Store(time.Now().Add(in).UnixNano())
	return n.host.Control().Begin(ctx, r)
}

func (c control) Statistics(ctx context.Context, r *fakesvcpb.StatisticsRequest) (*fakesvcpb.StatisticsResponse, error) {
	n, err := c.node()
	if err != nil {
		return nil, err
	}
	out, err := n.host.Control().Statistics(ctx, r)
	if err == nil {
		_, out.Attached = n.attached.count()
		out.Process = &fakesvcpb.Process{CpuNanos: int64(n.spent.cpu()), MaxResidentBytes: usage.MaxResident()}
	}
	return out, err
}

func (c control) Watch(r *fakesvcpb.WatchRequest, stream grpc.ServerStreamingServer[fakesvcpb.WatchResponse]) error {
	n, err := c.node()
	if err != nil {
		return err
	}
	return n.host.Control().Watch(r, stream)
}

func (c control) Rows(r *fakesvcpb.RowsRequest, stream grpc.ServerStreamingServer[fakesvcpb.RowsResponse]) error {
	n, err := c.node()
	if err != nil {
		return err
	}
	return n.host.Control().Rows(r, stream)
}

func (c control) node() (*node, error) {
	c.agent.mu.Lock()
	defer c.agent.mu.Unlock()
	if c.agent.node == nil {
		return nil, status.Error(codes.FailedPrecondition, "the node is not prepared for a run")
	}
	return c.agent.node, nil
}
