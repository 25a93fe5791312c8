package fakesvc

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
)

// A server that is to end before it has begun is no error: which of the two comes
// first is up to the scheduler.
func TestServerThatEndsBeforeItBegins(t *testing.T) {
	for range 200 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := serveUntil(ctx, grpc.NewServer(), listener, context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
