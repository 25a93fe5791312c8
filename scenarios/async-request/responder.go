package asyncrequest

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// responder answers the queries to one supplier.
type responder struct {
	node     *fakesvc.Node
	topic    string
	handlers sync.WaitGroup
}

// run reads the queries, and ends when all that were begun are done with.
func (r *responder) run(read fakesvc.Part) fakesvc.Part {
	return func(ctx context.Context) error {
		defer r.handlers.Wait()
		return read(ctx)
	}
}

// begin handles the queries side by side, as a gRPC server would, but for those that
// nobody waits for any more: after a jam they are all there is, and cost nothing.
func (r *responder) begin(ctx context.Context, queries []bus.Delivery) error {
	for _, d := range queries {
		if deadline := d.Event.Deadline; !deadline.IsZero() && !time.Now().Before(deadline) {
			continue
		}
		done := r.node.Host().UnderWay()
		r.handlers.Go(func() {
			defer done()
			r.handle(ctx, d.Event)
		})
	}
	return nil
}

// handle answers one query, until its deadline. Where nobody waits any more, because
// that has passed or this process is going down, no result is sent.
func (r *responder) handle(ctx context.Context, query bus.Event) {
	if !query.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, query.Deadline)
		defer cancel()
	}
	var asked fakesvcpb.QueryRequest
	if err := proto.Unmarshal(query.Data, &asked); err != nil {
		r.node.Host().SetAside(ctx, r.topic, bus.Delivery{Event: query}, err)
		return
	}
	result := r.answer(ctx, query, record.Key(asked.GetKey()))
	if ctx.Err() != nil {
		return
	}
	// A result that cannot be sent is a lost one: the requester's deadline ends
	// its wait, as it would for any other loss.
	_ = r.node.Host().Publish(ctx, bus.Outgoing{Topic: query.ReplyTo, Event: result})
}

func (r *responder) answer(ctx context.Context, query bus.Event, key record.Key) bus.Event {
	begin := time.Now()
	result := bus.Event{
		ID:          r.node.Name + "-" + query.ID,
		Type:        query.Type + "Result",
		Source:      fakesvc.SourceOf(r.node.Name),
		Correlation: query.Correlation,
		Wait:        begin.Sub(query.Time),
		Request:     query.Request,
		Try:         query.Try,
		Deadline:    query.Deadline,
		Traceparent: query.Traceparent,
		Key:         query.Key,
	}
	data, err := r.query(ctx, query, key)
	result.Time, result.Work = time.Now(), time.Since(begin)
	if err != nil {
		s := status.Convert(err)
		result.Status, result.StatusMessage = uint32(s.Code()), s.Message()
		return result
	}
	result.Data = data
	return result
}

func (r *responder) query(ctx context.Context, query bus.Event, key record.Key) ([]byte, error) {
	ctx = fakesvc.WithRequest(ctx, fakesvc.Request{ID: query.Request, Try: query.Try, Traceparent: query.Traceparent})
	answer, err := r.node.Query(ctx, key)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&fakesvcpb.QueryResponse{Records: fakesvc.ToProto(answer)})
}
