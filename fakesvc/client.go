package fakesvc

import (
	"context"
	"fmt"
	"math"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/arrival"
	"crosstalk/internal/clock"
	"crosstalk/internal/record"
)

// Client calls one service by gRPC, over one connection that all calls share.
type Client struct {
	service string
	env     Env
	conn    *grpc.ClientConn
	stub    fakesvcpb.ServiceClient
}

// Dial returns a client of service at address. It connects at the first call.
func Dial(env Env, service, address string, more ...grpc.DialOption) (*Client, error) {
	conn, err := dial(env, address, env.Timeout, more...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", service, err)
	}
	return &Client{service, env, conn, fakesvcpb.NewServiceClient(conn)}, nil
}

// reconnect is short and without jitter: after an outage the recovery that is
// measured should be the service's, not gRPC's default back-off of up to 120 s.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: clock.ReconnectFrom, Multiplier: clock.ReconnectFactor, MaxDelay: clock.ReconnectUpTo},
	MinConnectTimeout: time.Second,
}

// maxMessage is no limit of ours: how large records are is for the experiment to
// say, and gRPC's own limit of 4 MB would fail every request beyond it.
const maxMessage = math.MaxInt32

// dial returns a connection to address: a host:port, or several of them by commas,
// which then take turns, as do those that a name resolves to.
func dial(env Env, address string, timeout time.Duration, more ...grpc.DialOption) (*grpc.ClientConn, error) {
	options := append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(reconnect),
		// A name server that knows no TXT records of others may never answer for one.
		grpc.WithDisableServiceConfig(),
		grpc.WithIdleTimeout(0),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return env.Dial(ctx, "tcp", address)
		}),
	}, more...)
	copies := strings.Split(address, ",")
	host, _, _ := net.SplitHostPort(address)
	scheme, inTurn := "passthrough", false
	switch {
	case len(copies) > 1:
		known := manual.NewBuilderWithScheme("copies")
		var state resolver.State
		for _, c := range copies {
			state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: c}}})
		}
		known.InitialState(state)
		options = append(options, grpc.WithResolvers(known))
		scheme, inTurn = known.Scheme(), true
	case net.ParseIP(host) == nil:
		scheme, inTurn = "dns", true
	}
	options = append(options, grpc.WithDefaultServiceConfig(serviceConfig(timeout, inTurn)))
	return grpc.NewClient(scheme+":///"+address, options...)
}

// serviceConfig bounds each call of a service by a timeout, unless that is 0, and has
// the calls go round all copies, if they are to. gRPC makes a context for each call
// anyway, and a deadline on that one costs a tenth of a call less than one on a
// context around it. A caller's earlier deadline still counts.
func serviceConfig(timeout time.Duration, inTurn bool) string {
	var parts []string
	if timeout > 0 {
		parts = append(parts, fmt.Sprintf(`"methodConfig":[{"name":[{"service":%q}],"timeout":"%.9fs"}]`,
			fakesvcpb.Service_ServiceDesc.ServiceName, timeout.Seconds()))
	}
	if inTurn {
		parts = append(parts, `"loadBalancingConfig":[{"round_robin":{}}]`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// Query asks the service; ctx carries the Request.
func (c *Client) Query(ctx context.Context, key record.Key) ([]Owned, error) {
	answer, _, err := c.query(ctx, key)
	return answer, err
}

// Ask asks the service, and tells when the answer was read, or the service's refusal.
// That is the zero time where neither came, and for a Client dialed without arrival.DialOptions.
func (c *Client) Ask(ctx context.Context, key record.Key) (answer []Owned, arrived time.Time, err error) {
	var trailer metadata.MD
	answer, _, err = c.query(ctx, key, grpc.Trailer(&trailer))
	return answer, arrival.Of(trailer), err
}

// query asks the service, and tells how long it took, on its own clock.
func (c *Client) query(ctx context.Context, key record.Key, options ...grpc.CallOption) ([]Owned, time.Duration, error) {
	request := RequestOf(ctx)
	if request.Traceparent != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, traceparent, request.Traceparent)
	}
	response, err := c.stub.Query(ctx, &fakesvcpb.QueryRequest{
		Service: c.service, Key: uint64(key), Request: request.ID, Try: request.Try,
	}, options...)
	if err != nil {
		return nil, 0, err
	}
	return FromProto(response.GetRecords()), time.Duration(response.GetTookNanos()), nil
}

// Fetch asks the service for its own record. It makes a Client a Source.
func (c *Client) Fetch(ctx context.Context, key record.Key) (record.Record, error) {
	begin := time.Now()
	answer, work, err := c.query(ctx, key)
	if err != nil {
		return record.Record{}, err
	}
	Spend(ctx, Spent{Work: work, Call: max(time.Since(begin)-work, 0)})
	return OnlyRecord(c.service, answer)
}

var _ Source = (*Client)(nil)

// OnlyRecord returns the one record of an answer by an owner.
func OnlyRecord(service string, answer []Owned) (record.Record, error) {
	if len(answer) != 1 || answer[0].Service != service {
		return record.Record{}, status.Errorf(codes.Internal, "%s answered with %d records, not with its own", service, len(answer))
	}
	return answer[0].Record, nil
}

// Write stores a version of a record at the service.
func (c *Client) Write(ctx context.Context, write int64, r record.Record) error {
	_, err := c.stub.Write(c.env.asWriter(ctx), &fakesvcpb.WriteRequest{
		Service: c.service, Key: uint64(r.Key), Version: r.Version, Payload: r.Payload, Write: write,
	})
	return err
}

// addressOf is what a connection was dialled to.
func addressOf(conn *grpc.ClientConn) string {
	_, address, _ := strings.Cut(conn.Target(), ":///")
	return address
}

// Connected returns once the service has been reached.
func (c *Client) Connected(ctx context.Context) error {
	if err := awaitConnection(ctx, c.conn); err != nil {
		return fmt.Errorf("%s does not answer at %s: %w", c.service, addressOf(c.conn), err)
	}
	return nil
}

// Serving returns once the health service at an address says SERVING, or once an
// answer shows that there is none. Its error says how it was until ctx ended.
func Serving(ctx context.Context, env Env, address string) error {
	conn, err := dial(env, address, 0)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	for {
		answer, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
		switch {
		case answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING, status.Code(err) == codes.Unimplemented:
			return nil
		case ctx.Err() != nil && err != nil:
			return fmt.Errorf("no health: %w", err)
		case err != nil && status.Code(err) != codes.Unavailable:
			return fmt.Errorf("ask for its health: %w", err)
		}
		if clock.Sleep(ctx, 50*time.Millisecond) != nil {
			return fmt.Errorf("it is %s", answer.GetStatus())
		}
	}
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }
