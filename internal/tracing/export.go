package tracing

import (
	"context"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// Exported is what became of spans.
type Exported struct {
	// Spans were made, and Lost of them the collector has not taken.
	Spans int64 `json:"spans"`
	Lost  int64 `json:"lost"`
	// Why is the last reason; empty where none is lost.
	Why string `json:"why,omitempty"`
}

// Add adds what became of those of another process.
func (e *Exported) Add(other Exported) {
	e.Spans += other.Spans
	e.Lost += other.Lost
	if e.Why == "" {
		e.Why = other.Why
	}
}

// exporter counts what the collector takes. Its errors are for who closes the tracer to
// tell: left to OpenTelemetry they would be logged, one for each batch.
type exporter struct {
	sdk.SpanExporter
	taken atomic.Int64
	why   atomic.Pointer[error]
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.why.Store(&err)
	}
	return nil
}

// count counts what an export has brought to the collector, but for what that says it
// has rejected of it.
func (e *exporter) count(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	err := invoke(ctx, method, request, reply, conn, options...)
	sent, ok := request.(*collector.ExportTraceServiceRequest)
	answer, known := reply.(*collector.ExportTraceServiceResponse)
	if err != nil || !ok || !known {
		return err
	}
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			e.taken.Add(int64(len(scope.GetSpans())))
		}
	}
	e.taken.Add(-answer.GetPartialSuccess().GetRejectedSpans())
	return nil
}
