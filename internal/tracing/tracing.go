// Package tracing exports the way of each request as OpenTelemetry spans.
//
// Its law: off is nil, and costs a nil check. Nothing here is global: a Tracer is
// made, handed on and closed. The context travels as a W3C traceparent, by gRPC and
// by the bus alike; only this package imports OpenTelemetry.
package tracing

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// Kind is what a span is to the services at its ends.
type Kind int

// The kinds.
const (
	// Client is a fetch, as its consumer sees it.
	Client Kind = iota
	// Server is a query, as its service sees it.
	Server
)

// Tracer makes spans. A nil one makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	made     atomic.Int64
	export   *exporter
}

// closeLimit bounds the wait for what has not been exported.
const closeLimit = 5 * time.Second

// Open returns a tracer whose spans go to an OTLP collector, by gRPC without TLS at
// host:port. It is an error if nobody listens there.
func Open(ctx context.Context, address, scenario string) (*Tracer, error) {
	conn, err := (&net.Dialer{Timeout: closeLimit}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("export spans: %w", err)
	}
	conn.Close()
	e := &exporter{}
	e.SpanExporter, err = otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(address), otlptracegrpc.WithInsecure(),
		otlptracegrpc.WithDialOption(grpc.WithUnaryInterceptor(e.count)),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{Enabled: false}), otlptracegrpc.WithTimeout(closeLimit))
	if err != nil {
		return nil, fmt.Errorf("export spans to %s: %w", address, err)
	}
	// What cannot be exported in time is dropped by the SDK: tracing must not become
	// the instrument's limit.
	provider := sdk.NewTracerProvider(sdk.WithBatcher(e),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "crosstalk"), attribute.String("crosstalk.scenario", scenario))))
	return &Tracer{provider: provider, tracer: provider.Tracer("crosstalk"), export: e}, nil
}

// Flush exports what is left, and tells how many spans were made and how many of them the
// collector has not taken, with the last reason why.
func (t *Tracer) Flush() Exported {
	if t == nil {
		return Exported{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	err := t.provider.ForceFlush(ctx)
	made := t.made.Load()
	out := Exported{Spans: made, Lost: max(made-t.export.taken.Load(), 0)}
	switch why := t.export.why.Load(); {
	case out.Lost == 0:
	case why != nil:
		out.Why = (*why).Error()
	case err != nil:
		out.Why = err.Error()
	default:
		out.Why = "there were more at once than it took"
	}
	return out
}

// Close exports what is left.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

var propagator propagation.TraceContext

// Start begins a span of a service that continues traceparent, or a trace of its
// own where that is empty. It returns the traceparent for what the span causes,
// and the function that ends it with the outcome. Without a tracer it returns
// traceparent.
func (t *Tracer) Start(traceparent string, kind Kind, service, name string) (string, func(error)) {
	if t == nil {
		return traceparent, func(error) {}
	}
	ctx := propagator.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(kinds[kind]), trace.WithAttributes(attribute.String("crosstalk.service", service)))
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	return carrier["traceparent"], func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, status.Code(err).String())
			span.SetAttributes(attribute.String("rpc.grpc.status_code", status.Code(err).String()))
		}
		span.End()
		t.made.Add(1)
	}
}

var kinds = map[Kind]trace.SpanKind{Client: trace.SpanKindClient, Server: trace.SpanKindServer}
