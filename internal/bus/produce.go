package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"

	"crosstalk/internal/waits"
)

const (
	publishPatience = waits.PublishPatience
	// Shorter, since all that is published later waits: a reply to a requester
	// that is gone must not hold up the others. It covers the moment in which
	// a new topic is not known everywhere.
	unknownPatience = time.Second

	acksAll = -1
)

// commit sends b, again and again where that may help, and settles it.
func (p *Publisher) commit(b *batch) {
	defer close(b.done)
	start := time.Now()
	ctx, cancel := context.WithTimeout(p.client.ctx, publishPatience)
	defer cancel()
	left := b.parts
	for n := 0; ; n++ {
		p.attempt(ctx, left)
		left = unsettled(left, time.Since(start))
		if len(left) == 0 || !pause(ctx, n) {
			break
		}
		p.client.forget()
	}
	for _, part := range left {
		if part.err = fmt.Errorf("given up after %v: %w", time.Since(start), part.err); p.client.ctx.Err() != nil {
			part.err = ErrClosed
		}
	}
}

// unsettled returns the parts that are worth another attempt.
func unsettled(parts []*part, elapsed time.Duration) []*part {
	var left []*part
	for _, p := range parts {
		unknown := errors.Is(p.err, kafka.UnknownTopicOrPartition)
		if p.err != nil && retriable(p.err) && !(unknown && elapsed >= unknownPatience) {
			left = append(left, p)
		}
	}
	return left
}

// attempt sends parts once, to all leaders at the same time, and sets each
// part's err.
func (p *Publisher) attempt(ctx context.Context, parts []*part) {
	byLeader := p.client.byLeader(ctx, parts)
	if len(byLeader) == 1 {
		for _, led := range byLeader {
			p.send(ctx, led)
		}
		return
	}
	var all sync.WaitGroup
	for _, led := range byLeader {
		all.Go(func() { p.send(ctx, led) })
	}
	all.Wait()
}

// byLeader groups parts by the broker to send them to. A part without one is
// left out and has its err set.
func (c *Client) byLeader(ctx context.Context, parts []*part) map[int32][]*part {
	topics := make([]string, len(parts))
	for i, p := range parts {
		topics[i] = p.topic
	}
	known, err := c.metadata(ctx, c.work, topics...)
	groups := make(map[int32][]*part, 1)
	for i, p := range parts {
		if p.err = err; err != nil {
			continue
		}
		var leader int32
		if leader, p.err = leaderID(known.Topics[i]); p.err == nil {
			groups[leader] = append(groups[leader], p)
		}
	}
	return groups
}

// send is one produce request for parts that have the same leader.
func (p *Publisher) send(ctx context.Context, parts []*part) {
	request := &produce.Request{
		Acks:    acksAll,
		Timeout: int32(publishPatience.Milliseconds()),
		Topics:  make([]produce.RequestTopic, len(parts)),
	}
	for i, part := range parts {
		request.Topics[i] = produce.RequestTopic{
			Topic: part.topic,
			Partitions: []produce.RequestPartition{{
				Partition: partition,
				RecordSet: protocol.RecordSet{Records: reader(part.records)},
			}},
		}
	}
	response, err := p.client.work.RoundTrip(ctx, p.client.addr, request)
	if err != nil {
		for _, part := range parts {
			part.err = err
		}
		return
	}
	answers := response.(*produce.Response)
	for _, part := range parts {
		if part.err = answer(answers, part.topic); part.err == nil {
			p.published.Add(int64(len(part.records)))
		}
	}
}

// answer returns what the broker says of topic.
func answer(r *produce.Response, topic string) error {
	for i := range r.Topics {
		if r.Topics[i].Topic != topic || len(r.Topics[i].Partitions) == 0 {
			continue
		}
		p := &r.Topics[i].Partitions[0]
		switch {
		case p.ErrorCode == 0:
			return nil
		case p.ErrorMessage != "":
			return fmt.Errorf("%w: %s", kafka.Error(p.ErrorCode), p.ErrorMessage)
		}
		return kafka.Error(p.ErrorCode)
	}
	return errors.New("the broker's answer does not mention the topic")
}

// reader makes records readable once: a retry needs another.
func reader(records []record) protocol.RecordReader {
	out := make([]protocol.Record, len(records))
	for i, r := range records {
		out[i] = protocol.Record{
			Time:    r.at,
			Key:     protocol.NewBytes(r.key),
			Value:   protocol.NewBytes(r.data),
			Headers: r.headers,
		}
	}
	return protocol.NewRecordReader(out...)
}
