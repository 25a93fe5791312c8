package runner

import (
	"context"
	"net"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"

	"crosstalk/fakesvc"
	"crosstalk/internal/load"
	"crosstalk/scenarios"
)

// gatherer is an OTLP collector that keeps what it is sent.
type gatherer struct {
	collector.UnimplementedTraceServiceServer
	mu     sync.Mutex
	traces map[string][]*otlp.Span
}

func (g *gatherer) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, resource := range r.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				g.traces[string(span.GetTraceId())] = append(g.traces[string(span.GetTraceId())], span)
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// Each request is one trace, whatever wires the services: the driver's span, D's,
// and for each need that of the fetch and, where it is asked, the supplier's.
func TestRequestsAreTraces(t *testing.T) {
	for scenario, want := range map[string]int{"sync": 8, "async-request": 8, "monolith": 8, "async-replicated": 5} {
		t.Run(scenario, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			g := &gatherer{traces: make(map[string][]*otlp.Span)}
			server := grpc.NewServer()
			collector.RegisterTraceServiceServer(server, g)
			go server.Serve(listener)
			defer server.Stop()
			s, _ := scenarios.ByName(scenario)
			e := ask(t, "duration", "500ms", "warmup", "0s", "rate", "20", "latency", "none", "write-rate", "0")
			run, err := Run(t.Context(), s, e, t.TempDir(), Options{
				Env:   fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext},
				Pacer: load.Precise, OTLP: listener.Addr().String(),
			})
			if err != nil {
				t.Fatal(err)
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			if int64(len(g.traces)) != run.Requests.Sent || run.Requests.Sent != 10 {
				t.Errorf("%d traces of %d requests", len(g.traces), run.Requests.Sent)
			}
			for _, spans := range g.traces {
				checkTrace(t, spans, want)
			}
		})
	}
}

func checkTrace(t *testing.T, spans []*otlp.Span, want int) {
	t.Helper()
	if len(spans) != want {
		t.Errorf("%d spans, want %d", len(spans), want)
	}
	names := make(map[string]string)
	for _, s := range spans {
		names[string(s.GetSpanId())] = s.GetName()
	}
	parents := make(map[string]string)
	for _, s := range spans {
		parents[s.GetName()] = names[string(s.GetParentSpanId())]
	}
	for child, parent := range map[string]string{"request": "", "D query": "request", "D needs A": "D query", "D needs C": "D query"} {
		if got, ok := parents[child]; !ok || got != parent {
			t.Errorf("%q is below %q, want %q", child, got, parent)
		}
	}
	if got, ok := parents["B query"]; ok && got != "D needs B" {
		t.Errorf("B's query is below %q", got)
	}
}
