package fakesvc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/clock"
	"crosstalk/internal/record"
)

const traceparent = "traceparent"

// serve offers the host's services. It is a part: in an outage the port is
// closed, so that connections are refused, and it comes back at the same address.
func (h *Host) serve(ctx context.Context) error {
	listener, err := h.listenAgain(ctx)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.WaitForHandlers(true), grpc.MaxRecvMsgSize(maxMessage))
	fakesvcpb.RegisterServiceServer(server, service{host: h})
	grpc_health_v1.RegisterHealthServer(server, leavingHealth{h.health, h.leaving})
	return serveUntil(ctx, server, listener, h.leaving)
}

// leavingHealth is a health service whose watchers do not keep the host from leaving.
type leavingHealth struct {
	*health.Server
	leaving context.Context
}

// Watch ends when the host leaves, with NOT_SERVING as its last word.
func (l leavingHealth) Watch(r *grpc_health_v1.HealthCheckRequest, stream grpc_health_v1.Health_WatchServer) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(l.leaving, cancel)()
	err := l.Server.Watch(r, watched{stream, ctx})
	if l.leaving.Err() == nil {
		return err
	}
	_ = stream.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING})
	return status.Error(codes.Unavailable, "this node is leaving")
}

type watched struct {
	grpc_health_v1.Health_WatchServer
	ctx context.Context
}

func (w watched) Context() context.Context { return w.ctx }

// serveUntil serves until ctx ends, which cuts what is under way, or until leaving
// does, after which it ends with the last call.
func serveUntil(ctx context.Context, server *grpc.Server, listener net.Listener, leaving context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := server.Serve(listener)
		if errors.Is(err, grpc.ErrServerStopped) { // before it had begun to serve
			return nil
		}
		return err
	})
	group.Go(func() error {
		select {
		case <-ctx.Done():
		case <-leaving.Done():
			stopped := context.AfterFunc(ctx, server.Stop)
			server.GracefulStop()
			stopped()
			return nil
		}
		server.Stop()
		return nil
	})
	return group.Wait()
}

// listenAgain returns the host's listener, opened anew after an outage.
func (h *Host) listenAgain(ctx context.Context) (net.Listener, error) {
	if !h.opened.Swap(true) {
		return h.listener, nil
	}
	listener, err := h.listen(ctx, h.Address())
	if err != nil {
		return nil, fmt.Errorf("open the service port again after an outage: %w", err)
	}
	return listener, nil
}

// listen opens a port. While nobody had it open, another program may have been given
// it for an outgoing connection, which will not be for long: it tries for 2 s.
func (h *Host) listen(ctx context.Context, address string) (net.Listener, error) {
	for try := 0; ; try++ {
		listener, err := h.env.Listen("tcp", address)
		if err == nil || try == 200 {
			return listener, err
		}
		if err := clock.Sleep(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// service answers gRPC calls for the nodes of a host.
type service struct {
	fakesvcpb.UnimplementedServiceServer
	host *Host
}

func (s service) node(name string) (*Node, error) {
	if n := s.host.Node(name); n != nil {
		return n, nil
	}
	return nil, status.Errorf(codes.Unimplemented, "no service %q here", name)
}

func (s service) Query(ctx context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	n, err := s.node(q.GetService())
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	request := Request{ID: q.GetRequest(), Try: q.GetTry()}
	if values := metadata.ValueFromIncomingContext(ctx, traceparent); len(values) == 1 {
		request.Traceparent = values[0]
	}
	answer, err := n.Query(WithRequest(ctx, request), record.Key(q.GetKey()))
	if err != nil {
		return nil, err
	}
	return &fakesvcpb.QueryResponse{Records: ToProto(answer), TookNanos: int64(time.Since(begin))}, nil
}

func (s service) Write(ctx context.Context, w *fakesvcpb.WriteRequest) (*fakesvcpb.WriteResponse, error) {
	if err := s.host.env.mayWrite(ctx); err != nil {
		return nil, err
	}
	n, err := s.node(w.GetService())
	if err != nil {
		return nil, err
	}
	r := record.Record{Key: record.Key(w.GetKey()), Version: w.GetVersion(), Payload: w.GetPayload()}
	if err := n.Write(ctx, w.GetWrite(), r); err != nil {
		return nil, err
	}
	return &fakesvcpb.WriteResponse{}, nil
}

// ToProto returns an answer as it travels.
func ToProto(answer []Owned) []*fakesvcpb.Record {
	out := make([]*fakesvcpb.Record, len(answer))
	for i, a := range answer {
		out[i] = &fakesvcpb.Record{
			Service: a.Service, Key: uint64(a.Key), Version: a.Version,
			WrittenAtUnixNanos: a.WrittenAt.UnixNano(), Payload: a.Payload,
		}
	}
	return out
}

// FromProto returns an answer as it arrived.
func FromProto(records []*fakesvcpb.Record) []Owned {
	out := make([]Owned, len(records))
	for i, r := range records {
		out[i] = Owned{r.GetService(), record.Record{
			Key: record.Key(r.GetKey()), Version: r.GetVersion(),
			WrittenAt: time.Unix(0, r.GetWrittenAtUnixNanos()), Payload: r.GetPayload(),
		}}
	}
	return out
}
