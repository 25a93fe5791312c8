package doctor

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"crosstalk/internal/arrival"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/schedule"
)

// atOnce answers at once: what it costs is the driver's alone.
func atOnce(context.Context, int64, record.Key) (load.Reply, error) { return load.Reply{}, nil }

type query = func(context.Context, int64, record.Key) (load.Reply, error)

// drive has the driver offer a load, constant arrivals or a closed loop of 64 where
// the rate is 0, and returns what it recorded.
func drive(ctx context.Context, to query, rate float64, d time.Duration) (*result.Run, error) {
	recorder := result.NewRecorder(result.Options{Log: io.Discard})
	driver := load.NewDriver(load.Config{
		Plan:        schedule.Plan{Arrival: schedule.Constant, Rate: rate, Keys: 1, Duration: d},
		MaxInFlight: 10_000, Concurrency: 64, DrainLimit: time.Second, Timeout: time.Second, Pacer: load.Precise,
	}, load.Target{Query: to}, load.NewOracle(nil, 0, time.Second), load.NewLag(nil, nil), recorder)
	begin := time.Now()
	recorder.Begin(begin)
	if err := errors.Join(driver.Run(ctx, begin), recorder.Close()); err != nil {
		return nil, err
	}
	out := &result.Run{MeasuredSeconds: driver.Offered().Seconds()}
	recorder.Fill(out)
	return out, driver.Wrong()
}

// evenly gives each of Rates the same part of d.
func evenly(d time.Duration) (out []stretch) {
	for _, rate := range Rates {
		out = append(out, stretch{rate, d / time.Duration(len(Rates))})
	}
	return out
}

// pace looks at the lateness of sends at rates.
func (r *Report) pace(ctx context.Context, at []stretch) error {
	for _, s := range at {
		cpu, begin := processCPU(), time.Now()
		run, err := drive(ctx, atOnce, s.rate, s.d)
		if err != nil {
			return err
		}
		r.Pacing = append(r.Pacing, Pace{
			Rate: s.rate, Achieved: run.Requests.RateAchieved, P50: run.Lateness.P50, P99: run.Lateness.P99,
			Cores: (processCPU() - cpu).Seconds() / time.Since(begin).Seconds(),
		})
	}
	return nil
}

// push looks at the most that the driver sends.
func (r *Report) push(ctx context.Context, d time.Duration) (err error) {
	if r.DriverRate, err = most(ctx, atOnce, d/2); err != nil {
		return err
	}
	return r.pushCalls(ctx, d/2)
}

func (r *Report) pushCalls(ctx context.Context, d time.Duration) error {
	return withService(ctx, func(call query) (err error) {
		r.CallRate, err = most(ctx, call, d)
		return err
	})
}

// most is what a closed loop has answered by the second, the time included in which
// the last answers come: on a busy machine none may come before.
func most(ctx context.Context, to query, d time.Duration) (float64, error) {
	begin := time.Now()
	run, err := drive(ctx, to, 0, d)
	if err != nil {
		return 0, err
	}
	return float64(run.Requests.Succeeded) / time.Since(begin).Seconds(), nil
}

// blocks is how many equal stretches are compared.
const blocks = 20

// repeat offers the same load over and over: what differs is the instrument.
func (r *Report) repeat(ctx context.Context, d time.Duration) error {
	r.BlockRate = 1000
	return withService(ctx, func(call query) error {
		for range blocks {
			run, err := drive(ctx, call, r.BlockRate, d/blocks)
			if err != nil {
				return err
			}
			r.Blocks = append(r.Blocks, Block{run.Latency.P50, run.Latency.P99, run.HandlingDelay.P99})
		}
		return nil
	})
}

// withService starts an empty gRPC service, the standard health check, and calls do
// with a way to query it.
func withService(ctx context.Context, do func(call query) error) (err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	healthpb.RegisterHealthServer(server, health.NewServer())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		server.Stop()
		err = errors.Join(err, <-served)
	}()
	conn, err := grpc.NewClient("passthrough:///"+listener.Addr().String(),
		append(arrival.DialOptions(new(net.Dialer).DialContext), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return err
	}
	defer conn.Close()
	stub := healthpb.NewHealthClient(conn)
	call := func(ctx context.Context, _ int64, _ record.Key) (load.Reply, error) {
		var trailer metadata.MD
		_, err := stub.Check(ctx, &healthpb.HealthCheckRequest{}, grpc.Trailer(&trailer))
		return load.Reply{Arrived: arrival.Of(trailer)}, err
	}
	if _, err := call(ctx, 0, 0); err != nil { // the connection is there
		return err
	}
	return do(call)
}
