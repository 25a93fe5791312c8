package tracing

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestOffIsNil(t *testing.T) {
	var off *Tracer
	parent, end := off.Start("00-1-2-01", Server, "D", "query")
	end(errors.New("x"))
	if parent != "00-1-2-01" || off.Close() != nil || off.Flush() != (Exported{}) {
		t.Errorf("%q", parent)
	}
	if n := testing.AllocsPerRun(100, func() {
		_, end := off.Start("", Client, "D", "query")
		end(nil)
	}); n != 0 {
		t.Errorf("off allocates %v times", n)
	}
}

func TestNobodyListens(t *testing.T) {
	if _, err := Open(t.Context(), "127.0.0.1:1", "sync"); err == nil {
		t.Error("there is no error")
	}
}

// taker is a collector that answers each export alike.
type taker struct {
	collector.UnimplementedTraceServiceServer
	answer *collector.ExportTraceServiceResponse
	err    error
}

func (t taker) Export(context.Context, *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	return t.answer, t.err
}

// What a collector does not take is counted, span by span, with the reason.
func TestLostSpansAreCounted(t *testing.T) {
	rejected := &collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "too many"}}
	for name, c := range map[string]struct {
		taker taker
		lost  int64
		why   string
	}{
		"takes all":    {taker{answer: &collector.ExportTraceServiceResponse{}}, 0, ""},
		"rejects some": {taker{answer: rejected}, 3, "too many"},
		"takes none":   {taker{err: status.Error(codes.ResourceExhausted, "full")}, 10, "full"},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := grpc.NewServer()
			collector.RegisterTraceServiceServer(server, c.taker)
			go server.Serve(listener)
			defer server.Stop()
			tracer, err := Open(t.Context(), listener.Addr().String(), "sync")
			if err != nil {
				t.Fatal(err)
			}
			for range 10 {
				_, end := tracer.Start("", Client, "D", "query")
				end(nil)
			}
			for range 2 { // again it says the same
				if got := tracer.Flush(); got.Spans != 10 || got.Lost != c.lost || (got.Why == "") != (c.lost == 0) || !strings.Contains(got.Why, c.why) {
					t.Errorf("%+v", got)
				}
			}
			if err := tracer.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
