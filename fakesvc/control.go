package fakesvc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/counts"
)

// missed has a driver that has gone without a word, with its machine, be missed.
var missed = keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 10 * time.Second}

// ServeControl serves the driver until ctx ends. It is no part of a host, since an
// outage must not cut the driver off.
func ServeControl(ctx context.Context, listener net.Listener, control fakesvcpb.ControlServer, access Access) error {
	server := grpc.NewServer(append(access.server(), grpc.WaitForHandlers(true), grpc.KeepaliveParams(missed))...)
	fakesvcpb.RegisterControlServer(server, control)
	grpc_health_v1.RegisterHealthServer(server, health.NewServer()) // a sign of life
	return serveUntil(ctx, server, listener, context.Background())
}

type control struct {
	fakesvcpb.UnimplementedControlServer
	host *Host
}

func (c control) Begin(_ context.Context, r *fakesvcpb.BeginRequest) (*fakesvcpb.BeginResponse, error) {
	select {
	case c.host.begun <- time.Now().Add(time.Duration(r.GetInNanos())):
		return &fakesvcpb.BeginResponse{}, nil
	default:
		return nil, status.Error(codes.FailedPrecondition, "the measured part was begun before")
	}
}

// Statistics reads whole databases for their sizes: it is no call for a hot path. The
// last ones count what is under way too: it is waited for.
func (c control) Statistics(ctx context.Context, r *fakesvcpb.StatisticsRequest) (*fakesvcpb.StatisticsResponse, error) {
	told, err := c.host.Statistics(ctx, r.GetLast())
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return StatisticsResponse(told)
}

// Statistics is what the control answers with the message of that name.
func (h *Host) Statistics(ctx context.Context, last bool) (counts.Process, error) {
	unsettled := ""
	if last {
		unsettled = h.settle(ctx)
	}
	out := h.counts()
	out.Unsettled = unsettled
	for _, n := range h.nodes {
		collections, err := n.collections(ctx)
		if err != nil {
			return out, fmt.Errorf("size of the database of %s: %w", n.Name, err)
		}
		out.Collections = append(out.Collections, collections...)
	}
	return out, nil
}

// StatisticsResponse is what a process tells, as it travels.
func StatisticsResponse(told counts.Process) (*fakesvcpb.StatisticsResponse, error) {
	text, err := json.Marshal(told)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &fakesvcpb.StatisticsResponse{Process: text}, nil
}

// Statistics reads what the process has counted: last, once the run is over.
func (c *ControlClient) Statistics(ctx context.Context, last bool) (out counts.Process, err error) {
	told, err := c.ControlClient.Statistics(ctx, &fakesvcpb.StatisticsRequest{Last: last})
	if err == nil {
		err = json.Unmarshal(told.GetProcess(), &out)
	}
	return out, err
}

func (c control) Watch(r *fakesvcpb.WatchRequest, stream grpc.ServerStreamingServer[fakesvcpb.WatchResponse]) error {
	w := c.host.visible.watch()
	defer c.host.visible.leave(w)
	if err := stream.Send(&fakesvcpb.WatchResponse{}); err != nil {
		return err
	}
	if r.GetAll() {
		if err := c.host.sendAll(stream); err != nil {
			return err
		}
	}
	for {
		select {
		case <-w.more:
		case <-stream.Context().Done():
			return nil
		}
		for _, v := range c.host.visible.take(w) {
			if err := stream.Send(v); err != nil {
				return err
			}
		}
	}
}

// ControlClient is the driver's end of Control.
type ControlClient struct {
	fakesvcpb.ControlClient
	conn *grpc.ClientConn
}

// DialControl returns a client of the control at address, for the run of env.Prefix.
func DialControl(env Env, address string) (*ControlClient, error) {
	conn, err := dial(env, address, 0, append(env.Access.client(), ofRun(env.Prefix)...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to the control at %s: %w", address, err)
	}
	return &ControlClient{fakesvcpb.NewControlClient(conn), conn}, nil
}

// Connected returns once the control has been reached.
func (c *ControlClient) Connected(ctx context.Context) error {
	if err := awaitConnection(ctx, c.conn); err != nil {
		return fmt.Errorf("no control answers at %s: %w", addressOf(c.conn), err)
	}
	return nil
}

// Alive returns once the process has given a sign of life, with what little that takes
// of it. One whose control is older than that answers too: with a refusal.
func (c *ControlClient) Alive(ctx context.Context) error {
	_, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if status.Code(err) == codes.Unimplemented {
		return nil
	}
	return err
}

// Close ends the connection, and with it every Watch.
func (c *ControlClient) Close() error { return c.conn.Close() }

// connectLimit bounds the wait for a connection where the caller's own wait has no bound.
const connectLimit = time.Minute

func awaitConnection(ctx context.Context, conn *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	for {
		conn.Connect()
		state := conn.GetState()
		if state == connectivity.Ready {
			return nil
		}
		if !conn.WaitForStateChange(ctx, state) {
			return errors.Join(ctx.Err(), trouble(conn))
		}
	}
}

// trouble is why there is no connection, as far as any call would be told.
func trouble(conn *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err
}
