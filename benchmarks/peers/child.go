package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"crosstalk/benchmarks/rig"
	"crosstalk/internal/arrival"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
	"crosstalk/internal/sys"
)

// outcome is what ours tell of a run.
type outcome struct {
	Requests int64
	Seconds  float64
	P99      float64
}

// child is a load generator of ours, in this process: ROLE ADDRESS RATE LENGTH.
func child(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("%q: not ROLE ADDRESS RATE LENGTH", args)
	}
	rate, err := strconv.ParseFloat(args[2], 64)
	if err != nil {
		return err
	}
	length, err := time.ParseDuration(args[3])
	if err != nil {
		return err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// The deadline is where the driver's clients have it, on gRPC's own context.
		grpc.WithDefaultServiceConfig(`{"methodConfig":[{"name":[{}],"timeout":"20s"}]}`), // ghz's
	}
	drive := looped
	if args[0] == "driver" { // as bench does; the bare loop is as Go and gRPC come
		drive = driven
		sys.KeepHeadroom()
		options = append(options, arrival.DialOptions(new(net.Dialer).DialContext)...)
	}
	conn, err := grpc.NewClient("passthrough:///"+args[1], options...)
	if err != nil {
		return err
	}
	defer conn.Close()
	stub := healthpb.NewHealthClient(conn)
	check := func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := stub.Check(ctx, &healthpb.HealthCheckRequest{}, options...)
		return err
	}
	told, err := drive(check, rate, length)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

// call asks for the health.
type call func(context.Context, ...grpc.CallOption) error

// looped calls and does nothing else.
func looped(check call, _ float64, length time.Duration) (outcome, error) {
	begin := time.Now()
	n, err := rig.Loop(64, length, func(int64) error { return check(context.Background()) })
	return outcome{Requests: n, Seconds: time.Since(begin).Seconds()}, err
}

// driven has the driver offer the load, and records it with its log.
func driven(check call, rate float64, length time.Duration) (outcome, error) {
	recorder := result.NewRecorder(result.Options{Log: io.Discard})
	target := load.Target{Query: func(ctx context.Context, _ int64, _ record.Key) (load.Reply, error) {
		var trailer metadata.MD
		err := check(ctx, grpc.Trailer(&trailer))
		return load.Reply{Arrived: arrival.Of(trailer)}, err
	}}
	driver := load.NewDriver(load.Config{
		Plan:        schedule.Plan{Arrival: schedule.Constant, Rate: rate, Keys: 1, Duration: length},
		MaxInFlight: 10_000, Concurrency: 64, DrainLimit: time.Second, Pacer: load.Precise,
	}, target, load.NewOracle(nil, 0, time.Second), load.NewLag(nil, nil), recorder)
	begin := time.Now()
	recorder.Begin(begin)
	if err := errors.Join(driver.Run(context.Background(), begin), recorder.Close()); err != nil {
		return outcome{}, err
	}
	run := &result.Run{MeasuredSeconds: length.Seconds()}
	recorder.Fill(run)
	if run.Requests.Failed > 0 {
		return outcome{}, fmt.Errorf("%d calls failed: %v", run.Requests.Failed, run.Failures)
	}
	return outcome{run.Requests.Sent, length.Seconds(), run.Latency.P99}, nil
}
