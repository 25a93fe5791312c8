// Command own-service is a D of one's own for crosstalk: a small composite service
// that a team might run, and not one of crosstalk's nodes. It answers a query with
// one record of each service that it needs, which it asks at the same time and may
// keep for a while.
//
// Its law: of crosstalk it knows the protocol alone, the code that protoc generates
// from fakesvc.proto. What it does beside that is what any gRPC service does.
//
//	own-service --listen=127.0.0.1:7400 --cache=500ms \
//	  --need=A=127.0.0.1:7100 --need=B=127.0.0.1:7200 --need=C=127.0.0.1:7300
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"crosstalk/fakesvc/fakesvcpb"
)

type config struct {
	listen  string
	needs   needList
	ttl     time.Duration
	timeout time.Duration
	grace   time.Duration
}

func main() {
	c := config{}
	flag.StringVar(&c.listen, "listen", "127.0.0.1:7400", "where it answers, host:port")
	flag.Var(&c.needs, "need", "a service that it needs, NAME=HOST:PORT; repeatable, and answers keep the order")
	flag.DurationVar(&c.ttl, "cache", 0, "for how long a record may be answered with again; 0 asks each time")
	flag.DurationVar(&c.timeout, "timeout", time.Second, "for how long it waits for what it needs")
	flag.DurationVar(&c.grace, "grace", 10*time.Second, "for how long what is under way may go on after SIGTERM")
	flag.Parse()
	if flag.NArg() > 0 || len(c.needs) == 0 {
		fmt.Fprintln(os.Stderr, "own-service: name what it needs, such as --need=A=127.0.0.1:7100, and nothing beside the flags")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if err := run(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "own-service:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and then leaves in good order.
func run(ctx context.Context, c config) error {
	d := &composer{timeout: c.timeout, cache: newCache(c.ttl)}
	defer d.close()
	for _, n := range c.needs {
		if err := d.add(n.name, n.address); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", c.listen)
	if err != nil {
		return err
	}
	ready := health.NewServer()
	ready.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	server := grpc.NewServer()
	fakesvcpb.RegisterServiceServer(server, d)
	grpc_health_v1.RegisterHealthServer(server, ready)

	go func() {
		if d.reached(ctx) == nil {
			ready.SetServingStatus("", grpc_health_v1.HealthCheckResponse_SERVING)
			slog.Info("serving", "address", listener.Addr())
		}
	}()
	left := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ready.Shutdown() // NOT_SERVING from now on, whatever comes
		left <- leave(server, c.grace)
	})
	if err := server.Serve(listener); err != nil {
		return err
	}
	return <-left
}

// leave lets what is under way end, and cuts it after the grace.
func leave(server *grpc.Server, grace time.Duration) error {
	cut := time.AfterFunc(grace, server.Stop)
	server.GracefulStop()
	if !cut.Stop() {
		return fmt.Errorf("what was under way did not end within %v", grace)
	}
	return nil
}
