package runner

import (
	"context"
	"net"
	"regexp"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
)

// listening answers with nothing and keeps the trace contexts that come.
type listening struct {
	fakesvcpb.UnimplementedServiceServer
	came [][]string
}

func (s *listening) Query(ctx context.Context, _ *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	s.came = append(s.came, metadata.ValueFromIncomingContext(ctx, "traceparent"))
	return &fakesvcpb.QueryResponse{}, nil
}

// A trace context goes along only where someone may go by it, and is then the same for
// the same request, by the seed.
func TestTraceContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &listening{}
	server := grpc.NewServer()
	fakesvcpb.RegisterServiceServer(server, s)
	go func() { _ = server.Serve(listener) }() // until Stop
	defer server.Stop()
	entry, err := fakesvc.Dial(fakesvc.Env{Dial: new(net.Dialer).DialContext}, "D", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer entry.Close()
	n := &nodes{entry: entry}
	for _, traced := range []bool{false, true, true} {
		if _, err := n.target(1, 0, nil, traced).Query(t.Context(), 7, 0); err != nil {
			t.Fatal(err)
		}
	}
	none, one, again := s.came[0], s.came[1], s.came[2]
	if len(none) != 0 {
		t.Errorf("%q goes to services that have no use for it", none)
	}
	if len(one) != 1 || !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`).MatchString(one[0]) {
		t.Fatalf("%q is not one W3C trace context", one)
	}
	if len(again) != 1 || again[0] != one[0] {
		t.Errorf("%q, and then %q for the same request", one, again)
	}
}
