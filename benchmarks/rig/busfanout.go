package rig

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/bus"
)

// BusFanOut is D → A, B, C over the embedded broker by hand: the least that kafka-go
// lets one write. D sends all three queries in one produce request, each owner answers
// in a goroutine, and the only bookkeeping on the wire is a number in the key. No
// headers, no deadlines, no gathering, no faults, no second try.
type BusFanOut struct {
	Address string
	server  *grpc.Server
	broker  *bus.Broker
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// replies is D's topic; those of the owners have their names.
const replies = "D"

// StartBusFanOut starts the broker and the four services in this process.
func StartBusFanOut() (*BusFanOut, error) {
	broker, err := bus.StartBroker(nil)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &BusFanOut{broker: broker, cancel: cancel, server: grpc.NewServer()}
	if err := f.start(ctx); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *BusFanOut) start(ctx context.Context) error {
	addr := kafka.TCP(f.broker.Addresses()...)
	create := &kafka.CreateTopicsRequest{Addr: addr}
	for _, topic := range append([]string{replies}, Services...) {
		create.Topics = append(create.Topics, kafka.TopicConfig{Topic: topic, NumPartitions: 1, ReplicationFactor: 1})
	}
	if _, err := new(kafka.Client).CreateTopics(ctx, create); err != nil {
		return err
	}
	for _, service := range Services {
		o := busOwner{newOwner(service), sender{&kafka.Transport{ClientID: service, MetadataTTL: time.Minute}, addr}}
		if err := f.read(ctx, service, func(m kafka.Message) { f.running.Go(func() { o.answer(ctx, m) }) }); err != nil {
			return err
		}
	}
	d := &busD{
		sender:  sender{&kafka.Transport{ClientID: replies, MetadataTTL: time.Minute}, addr},
		pending: make(map[uint64]chan<- *fakesvcpb.Record),
	}
	if err := f.read(ctx, replies, d.deliver); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fakesvcpb.RegisterServiceServer(f.server, d)
	f.running.Go(func() { _ = f.server.Serve(listener) }) // until Close
	f.Address = listener.Addr().String()
	return nil
}

// Close ends the services and the broker.
func (f *BusFanOut) Close() {
	f.server.Stop()
	f.cancel()
	f.running.Wait()
	f.broker.Close()
}

// read gives each record of a topic to fn, until ctx ends.
func (f *BusFanOut) read(ctx context.Context, topic string, fn func(kafka.Message)) error {
	conn, err := kafka.DialLeader(ctx, "tcp", f.broker.Addresses()[0], topic, 0)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	f.running.Go(func() {
		for ctx.Err() == nil {
			batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second})
			m, err := batch.ReadMessage()
			for ; err == nil; m, err = batch.ReadMessage() {
				fn(m)
			}
			batch.Close()
			if !errors.Is(err, io.EOF) && !errors.Is(err, kafka.RequestTimedOut) && ctx.Err() == nil {
				panic(err) // a benchmark has no use for half a broker
			}
		}
	})
	return nil
}

// sender produces over a connection of its own.
type sender struct {
	transport *kafka.Transport
	addr      net.Addr
}

// send is one produce request with the same record for each topic, acknowledged.
func (s sender) send(ctx context.Context, key, data []byte, topics ...string) error {
	request := &produce.Request{Acks: -1, Timeout: 1000}
	for _, topic := range topics {
		r := protocol.Record{Time: time.Now(), Key: protocol.NewBytes(key), Value: protocol.NewBytes(data)}
		request.Topics = append(request.Topics, produce.RequestTopic{Topic: topic, Partitions: []produce.RequestPartition{
			{RecordSet: protocol.RecordSet{Records: protocol.NewRecordReader(r)}},
		}})
	}
	response, err := s.transport.RoundTrip(ctx, s.addr, request)
	if err != nil {
		return err
	}
	for _, topic := range response.(*produce.Response).Topics {
		for _, p := range topic.Partitions {
			if p.ErrorCode != 0 {
				return fmt.Errorf("produce to %s: %w", topic.Topic, kafka.Error(p.ErrorCode))
			}
		}
	}
	return nil
}

type busOwner struct {
	*owner
	sender
}

// answer sends the record that a query asks for. What cannot be sent is a reply that
// does not come.
func (o busOwner) answer(ctx context.Context, query kafka.Message) {
	var q fakesvcpb.QueryRequest
	if proto.Unmarshal(query.Value, &q) != nil {
		return
	}
	response, _ := o.Query(ctx, &q) // has no errors
	if data, err := proto.Marshal(response); err == nil {
		_ = o.send(ctx, query.Key, data, replies)
	}
}

type busD struct {
	fakesvcpb.UnimplementedServiceServer
	sender
	last atomic.Uint64

	mu      sync.Mutex
	pending map[uint64]chan<- *fakesvcpb.Record
}

func (d *busD) deliver(m kafka.Message) {
	var r fakesvcpb.QueryResponse
	if proto.Unmarshal(m.Value, &r) != nil {
		return
	}
	d.mu.Lock()
	reply := d.pending[binary.BigEndian.Uint64(m.Key)]
	d.mu.Unlock()
	if reply != nil {
		reply <- r.GetRecords()[0]
	}
}

func (d *busD) Query(ctx context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	id := d.last.Add(1)
	came := make(chan *fakesvcpb.Record, len(Services))
	d.mu.Lock()
	d.pending[id] = came
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.pending, id)
	}()
	data, err := proto.Marshal(q)
	if err != nil {
		return nil, err
	}
	if err := d.send(ctx, binary.BigEndian.AppendUint64(nil, id), data, Services...); err != nil {
		return nil, err
	}
	answer := &fakesvcpb.QueryResponse{Records: make([]*fakesvcpb.Record, len(Services))}
	for range Services {
		select {
		case r := <-came:
			answer.Records[slices.Index(Services, r.GetService())] = r
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return answer, nil
}
