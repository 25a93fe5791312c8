package arrival_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"crosstalk/internal/arrival"
	"crosstalk/internal/simnet"
)

// slow answers after 10 ms as its name asks it to.
type slow struct {
	grpc_health_v1.UnimplementedHealthServer
}

func (slow) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	time.Sleep(10 * time.Millisecond)
	switch r.GetService() {
	case "hang":
		<-ctx.Done()
		return nil, ctx.Err()
	case "fail":
		return nil, status.Error(codes.Unavailable, "as asked")
	case "trailer":
		_ = grpc.SetTrailer(ctx, metadata.Pairs("crosstalk-arrived", "its own", "more", "of it"))
	}
	return &grpc_health_v1.HealthCheckResponse{}, nil
}

func TestArrivalIsExactUnderAFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		listener, err := network.Listen("tcp", "d:1")
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer()
		grpc_health_v1.RegisterHealthServer(server, slow{})
		go server.Serve(listener)
		defer server.Stop()
		conn, err := grpc.NewClient("passthrough:///d:1",
			append(arrival.DialOptions(network.Dial), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		client := grpc_health_v1.NewHealthClient(conn)
		for service, want := range map[string]codes.Code{"": codes.OK, "fail": codes.Unavailable, "trailer": codes.OK, "hang": codes.DeadlineExceeded} {
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			var trailer metadata.MD
			_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service}, grpc.Trailer(&trailer))
			cancel()
			at := arrival.Of(trailer)
			switch {
			case status.Code(err) != want:
				t.Errorf("%q: %v", service, err)
			case want == codes.DeadlineExceeded:
				if !at.IsZero() && at.Sub(begin) != time.Second {
					t.Errorf("an answer that never came arrived after %v", at.Sub(begin))
				}
			case at.Sub(begin) != 10*time.Millisecond:
				t.Errorf("%q arrived after %v, and not after 10 ms; trailers %v", service, at.Sub(begin), trailer)
			}
		}
	})
}

func TestOfNothing(t *testing.T) {
	for _, md := range []metadata.MD{nil, {}, {"crosstalk-arrived": {}}, {"crosstalk-arrived": {"x"}}} {
		if at := arrival.Of(md); !at.IsZero() {
			t.Errorf("%v says %v", md, at)
		}
	}
}
