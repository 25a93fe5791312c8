// Package rig is what the benchmarks stand on: an echo server in a process of its
// own, bare loops to hold ours against, and ratios taken side by side.
//
// Its law: what is compared is run in turn, in short slices of one run, and what
// is told is the median of the ratios. An absolute time says nothing on a machine
// that others use too.
package rig

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/record"
)

// Keys is how many keys the echo server knows, and Payload the bytes of a record.
const (
	Keys    = 100
	Payload = 128
)

// Services are those whose records an answer holds, as one of D would.
var Services = []string{"A", "B", "C"}

// echo answers each query with what a correct D would answer, and does nothing
// for it.
type echo struct {
	fakesvcpb.UnimplementedServiceServer
	answers [Keys]*fakesvcpb.QueryResponse
}

func newEcho() *echo {
	e := &echo{}
	for key := range e.answers {
		e.answers[key] = &fakesvcpb.QueryResponse{Records: Records(record.Key(key), Services...)}
	}
	return e
}

// Records are version 1 of the records of a key.
func Records(key record.Key, services ...string) []*fakesvcpb.Record {
	var out []*fakesvcpb.Record
	for _, s := range services {
		out = append(out, &fakesvcpb.Record{
			Service: s, Key: uint64(key), Version: 1, WrittenAtUnixNanos: time.Now().UnixNano(),
			Payload: record.Payload(s, key, 1, Payload),
		})
	}
	return out
}

func (e *echo) Query(_ context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	return e.answers[q.GetKey()], nil
}

// ServeEcho serves queries, and empty health checks, which every gRPC load
// generator can send. It prints its address and ends with its standard input.
func ServeEcho() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	fakesvcpb.RegisterServiceServer(server, newEcho())
	healthpb.RegisterHealthServer(server, health.NewServer())
	reflection.Register(server)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	fmt.Println(listener.Addr())
	return server.Serve(listener)
}
