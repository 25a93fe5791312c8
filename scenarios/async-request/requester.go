package asyncrequest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
	"crosstalk/internal/record"
)

// source asks one supplier.
type source struct {
	requester *requester
	supplier  string
	entity    string
	topic     string
}

var _ fakesvc.Source = source{}

func (s source) Fetch(ctx context.Context, key record.Key) (record.Record, error) {
	request := fakesvc.RequestOf(ctx)
	data, err := proto.Marshal(&fakesvcpb.QueryRequest{Service: s.supplier, Key: uint64(key), Request: request.ID})
	if err != nil {
		return record.Record{}, status.Errorf(codes.Internal, "encode a query: %v", err)
	}
	event := bus.Event{
		ID:   s.requester.identity(s.supplier, request),
		Type: s.entity + "Query", Request: request.ID, Try: request.Try, Traceparent: request.Traceparent,
		Key: binary.BigEndian.AppendUint64(nil, uint64(key)), Data: data,
	}
	event.Deadline, _ = ctx.Deadline()
	result, err := s.requester.ask(ctx, s.topic, event)
	if err != nil {
		return record.Record{}, err
	}
	if code := codes.Code(result.Status); code != codes.OK {
		return record.Record{}, status.Error(code, result.StatusMessage)
	}
	var response fakesvcpb.QueryResponse
	if err := proto.Unmarshal(result.Data, &response); err != nil {
		s.requester.node.Host().SetAside(ctx, s.requester.replies, bus.Delivery{Event: result}, err)
		return record.Record{}, status.Errorf(codes.Internal, "the result of %s cannot be decoded", s.supplier)
	}
	return fakesvc.OnlyRecord(s.supplier, fakesvc.FromProto(response.GetRecords()))
}

// requester matches the replies to a consumer with the queries that it sent.
type requester struct {
	node    *fakesvc.Node
	replies string
	// own begins the correlation of each query of this process: the other copies of
	// the consumer, and what it was before it was started again, have the same topic.
	own  string
	sent atomic.Int64

	mu      sync.Mutex
	pending map[string]chan<- bus.Event
}

func newRequester(consumer *fakesvc.Node) *requester {
	return &requester{
		node:    consumer,
		replies: consumer.Host().Env().Topic(consumer.Name, "replies"),
		own:     ownOf(consumer.Name),
		pending: make(map[string]chan<- bus.Event),
	}
}

func ownOf(consumer string) string { return consumer + "-" + rand.Text() + "-" }

// identity is the id of the query for a request: the same in every run, so that
// the bus does the same to it.
func (r *requester) identity(supplier string, q fakesvc.Request) string {
	return r.node.Name + "-" + supplier + "-" + strconv.FormatInt(q.ID, 10) + "-" + strconv.FormatUint(q.Try, 16)
}

// ask sends a query event and waits for its result, at most until ctx ends. The
// event's source and correlation are filled in here.
func (r *requester) ask(ctx context.Context, topic string, event bus.Event) (bus.Event, error) {
	event.Source = fakesvc.SourceOf(r.node.Name)
	event.Time = time.Now()
	event.Correlation = r.own + strconv.FormatInt(r.sent.Add(1), 10)
	event.ReplyTo = r.replies

	reply := make(chan bus.Event, 1)
	r.register(event.Correlation, reply)
	defer r.forget(event.Correlation)

	err := r.node.Host().Publish(ctx, bus.Outgoing{Topic: topic, Event: event})
	produce := time.Since(event.Time)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return bus.Event{}, status.FromContextError(ctx.Err()).Err()
	default:
		return bus.Event{}, status.Errorf(codes.Unavailable, "send a query: %v", err)
	}
	select {
	case result := <-reply:
		fakesvc.Spend(ctx, spentOn(result, time.Since(event.Time), produce))
		return result, nil
	case <-ctx.Done():
		return bus.Event{}, status.FromContextError(ctx.Err()).Err()
	}
}

// spentOn tells where the time of a query went that took so long in all. A query
// can be read before it is acknowledged: then nobody waited for it after that. Only
// durations of one clock are added; what is left is the reply's.
func spentOn(result bus.Event, took, produce time.Duration) fakesvc.Spent {
	there := min(max(result.Wait, 0), took-min(result.Work, took))
	produce = min(produce, there)
	return fakesvc.Spent{
		Produce: produce, Wait: there - produce, Work: result.Work, Reply: max(took-there-result.Work, 0),
	}
}

func (r *requester) register(correlation string, reply chan<- bus.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[correlation] = reply
}

func (r *requester) forget(correlation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pending, correlation)
}

// deliver hands each reply to whoever waits for it.
func (r *requester) deliver(_ context.Context, replies []bus.Delivery) error {
	for _, d := range replies {
		r.hand(d.Event)
	}
	return nil
}

func (r *requester) hand(event bus.Event) {
	if !strings.HasPrefix(event.Correlation, r.own) {
		return // another process asked
	}
	r.mu.Lock()
	reply, waiting := r.pending[event.Correlation]
	delete(r.pending, event.Correlation)
	r.mu.Unlock()
	if !waiting {
		r.node.Host().CountLateReply()
		return
	}
	reply <- event // has room: the correlation is taken once
}
