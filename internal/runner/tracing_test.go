package runner

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/scenarios"
)

// gatherer is an OTLP collector that keeps what it is sent.
type gatherer struct {
	collector.UnimplementedTraceServiceServer
	mu     sync.Mutex
	traces map[string][]*otlp.Span
	// refuses is what it says instead of taking anything.
	refuses error
}

func (g *gatherer) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuses != nil {
		return nil, g.refuses
	}
	for _, resource := range r.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				g.traces[string(span.GetTraceId())] = append(g.traces[string(span.GetTraceId())], span)
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// collect starts a collector.
func collect(t *testing.T) (g *gatherer, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g = &gatherer{traces: make(map[string][]*otlp.Span)}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, g)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return g, listener.Addr().String()
}

// check holds each trace of a run of 10 requests against how many spans it has.
func (g *gatherer) check(t *testing.T, run *result.Run, spans int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if int64(len(g.traces)) != run.Requests.Sent || run.Requests.Sent != 10 {
		t.Errorf("%d traces of %d requests", len(g.traces), run.Requests.Sent)
	}
	for _, trace := range g.traces {
		checkTrace(t, trace, spans)
	}
}

// traced is an experiment of 10 requests.
func traced(t *testing.T, more ...string) *experiment.Experiment {
	return ask(t, append([]string{"duration", "500ms", "warmup", "0s", "rate", "20", "latency", "none", "write-rate", "0"}, more...)...)
}

// What each scenario makes of a request, in spans.
var spansOf = map[string]int{"sync": 8, "async-request": 8, "monolith": 8, "async-replicated": 5}

// Each request is one trace, whatever wires the services: the driver's span, D's,
// and for each need that of the fetch and, where it is asked, the supplier's.
func TestRequestsAreTraces(t *testing.T) {
	for scenario, want := range spansOf {
		t.Run(scenario, func(t *testing.T) {
			g, address := collect(t)
			s, _ := scenarios.ByName(scenario)
			run, err := Run(t.Context(), s, traced(t), t.TempDir(), Options{
				Env:   fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext},
				Pacer: load.Precise, OTLP: address,
			})
			if err != nil {
				t.Fatal(err)
			}
			g.check(t, run, want)
		})
	}
}

// Spans that the collector does not take are told of, with their number and the reason.
func TestLostSpansAreAWarning(t *testing.T) {
	g, address := collect(t)
	g.refuses = status.Error(codes.ResourceExhausted, "the disk is full")
	s, _ := scenarios.ByName("sync")
	run, err := Run(t.Context(), s, traced(t), t.TempDir(), Options{
		Env:   fakesvc.Env{Listen: net.Listen, Dial: (&net.Dialer{}).DialContext},
		Pacer: load.Precise, OTLP: address,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%[1]d of %[1]d spans did not reach the collector at %[2]s: ", run.Requests.Sent*int64(spansOf["sync"]), address)
	i := slices.IndexFunc(run.Warnings, func(w string) bool { return strings.HasPrefix(w, want) })
	if run.Requests.Sent == 0 || i < 0 || !strings.Contains(run.Warnings[i], "the disk is full") {
		t.Errorf("%q, want %q", run.Warnings, want)
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
