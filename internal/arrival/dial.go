package arrival

import (
	"context"
	"net"

	"google.golang.org/grpc"
)

// DialOptions are what a driver dials with, by dial: Of then has the arrival of each
// answer. And how much it takes before the service must wait does not change: by
// default, gRPC estimates it, and sends a ping with about each answer for that, at
// 1,000/s a tenth of a driver's CPU. The services keep to the default.
func DialOptions(dial func(ctx context.Context, network, address string) (net.Conn, error)) []grpc.DialOption {
	const window = 8 << 20
	return []grpc.DialOption{
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			conn, err := dial(ctx, "tcp", address)
			if err != nil {
				return nil, err
			}
			return Conn(conn), nil
		}),
	}
}
