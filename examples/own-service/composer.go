package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
)

// composer answers with one record of each of its needs.
type composer struct {
	fakesvcpb.UnimplementedServiceServer
	timeout time.Duration
	needs   []need
	cache   *cache
}

// need is a service that it asks.
type need struct {
	name string
	conn *grpc.ClientConn
	stub fakesvcpb.ServiceClient
}

// reconnect is short: the default goes up to two minutes, for which this service
// would go on failing after one that it needs is back.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 250 * time.Millisecond},
	MinConnectTimeout: time.Second,
}

func (d *composer) add(name, address string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithConnectParams(reconnect))
	if err != nil {
		return fmt.Errorf("need %s: %w", name, err)
	}
	d.needs = append(d.needs, need{name, conn, fakesvcpb.NewServiceClient(conn)})
	return nil
}

func (d *composer) close() {
	for _, n := range d.needs {
		n.conn.Close()
	}
}

// reached returns once each need has been connected to. Its error is ctx's.
func (d *composer) reached(ctx context.Context) error {
	for _, n := range d.needs {
		for state := n.conn.GetState(); state != connectivity.Ready; state = n.conn.GetState() {
			n.conn.Connect()
			if !n.conn.WaitForStateChange(ctx, state) {
				return ctx.Err()
			}
		}
	}
	return nil
}

// Query asks all needs at the same time. The first that fails is the answer, and the
// others are given up.
func (d *composer) Query(ctx context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(passOn(ctx), d.timeout)
	defer cancel()
	records := make([]*fakesvcpb.Record, len(d.needs))
	asking, ctx := errgroup.WithContext(ctx)
	for i, n := range d.needs {
		asking.Go(func() (err error) {
			records[i], err = d.fetch(ctx, n, q)
			return err
		})
	}
	if err := asking.Wait(); err != nil {
		return nil, err
	}
	return &fakesvcpb.QueryResponse{Records: records, TookNanos: int64(time.Since(begin))}, nil
}

// fetch returns a need's record, as it came: neither the version nor the payload is
// this service's to change.
func (d *composer) fetch(ctx context.Context, n need, q *fakesvcpb.QueryRequest) (*fakesvcpb.Record, error) {
	if r := d.cache.get(n.name, q.GetKey()); r != nil {
		return r, nil
	}
	asked := time.Now()
	response, err := n.stub.Query(ctx, &fakesvcpb.QueryRequest{
		Service: n.name, Key: q.GetKey(), Request: q.GetRequest(), Try: q.GetTry(),
	})
	if err != nil {
		s := status.Convert(err)
		return nil, status.Errorf(s.Code(), "%s: %s", n.name, s.Message())
	}
	if len(response.GetRecords()) != 1 {
		return nil, status.Errorf(codes.Internal, "%s answered with %d records", n.name, len(response.GetRecords()))
	}
	return d.cache.put(n.name, response.GetRecords()[0], asked), nil
}

// traceContext are the headers of W3C's trace context.
var traceContext = []string{"traceparent", "tracestate"}

// passOn has the calls that a query causes belong to its trace.
func passOn(ctx context.Context) context.Context {
	for _, header := range traceContext {
		for _, value := range metadata.ValueFromIncomingContext(ctx, header) {
			ctx = metadata.AppendToOutgoingContext(ctx, header, value)
		}
	}
	return ctx
}

// needList is the flag --need.
type needList []struct{ name, address string }

func (l *needList) String() string { return "" }

func (l *needList) Set(text string) error {
	name, address, ok := strings.Cut(text, "=")
	if !ok || name == "" || address == "" {
		return errors.New("write NAME=HOST:PORT")
	}
	*l = append(*l, struct{ name, address string }{name, address})
	return nil
}
