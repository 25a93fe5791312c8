package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"

	"crosstalk/internal/clock"
)

const (
	publishPatience = clock.PublishPatience
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

// attempt sends once what of parts is not acknowledged, to all leaders at the
// same time, and sets each part's err.
func (p *Publisher) attempt(ctx context.Context, parts []*part) {
	byLeader := p.client.byLeader(ctx, parts)
	if len(byLeader) == 1 {
		for _, led := range byLeader {
			p.send(ctx, led)
		}
	} else {
		var all sync.WaitGroup
		for _, led := range byLeader {
			all.Go(func() { p.send(ctx, led) })
		}
		all.Wait()
	}
	for _, part := range parts {
		part.settle()
	}
}

// settle drops the shares that are acknowledged. The part's err is that of a share
// that is not: of one that is worth another attempt only where all are.
func (p *part) settle() {
	p.shares = slices.DeleteFunc(p.shares, func(s *share) bool { return s.err == nil })
	for _, s := range p.shares {
		if p.err == nil || !retriable(s.err) {
			p.err = s.err
		}
	}
}

// split deals a part's records to count partitions by their keys, as Kafka's own
// clients do.
func (p *part) split(count int) {
	if count == 1 {
		p.shares = []*share{{topic: p.topic, records: p.records}}
		return
	}
	all := make([]int, count)
	shares := make([]*share, count)
	for i := range all {
		all[i] = i
		shares[i] = &share{topic: p.topic, partition: i}
	}
	for _, r := range p.records {
		s := shares[kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: r.key}, all...)]
		s.records = append(s.records, r)
	}
	p.shares = slices.DeleteFunc(shares, func(s *share) bool { return len(s.records) == 0 })
}

// byLeader groups the shares of parts by the broker to send them to. What has none
// is left out and has its err set.
func (c *Client) byLeader(ctx context.Context, parts []*part) map[int32][]*share {
	topics := make([]string, len(parts))
	for i, p := range parts {
		topics[i] = p.topic
	}
	known, err := c.metadata(ctx, c.work, topics...)
	groups := make(map[int32][]*share, 1)
	for i, p := range parts {
		if p.err = err; err != nil {
			continue
		}
		if p.shares == nil {
			var count int
			if count, p.err = partitionsOf(known.Topics[i]); p.err != nil {
				continue
			}
			p.split(count)
		}
		for _, s := range p.shares {
			var leader int32
			if leader, s.err = leaderID(known.Topics[i], s.partition); s.err == nil {
				groups[leader] = append(groups[leader], s)
			}
		}
	}
	return groups
}

// send is one produce request for shares whose partitions have the same leader.
func (p *Publisher) send(ctx context.Context, shares []*share) {
	request := &produce.Request{Acks: acksAll, Timeout: int32(publishPatience.Milliseconds())}
	for _, s := range shares { // those of a topic follow each other
		if n := len(request.Topics); n == 0 || request.Topics[n-1].Topic != s.topic {
			request.Topics = append(request.Topics, produce.RequestTopic{Topic: s.topic})
		}
		topic := &request.Topics[len(request.Topics)-1]
		topic.Partitions = append(topic.Partitions, produce.RequestPartition{
			Partition: int32(s.partition),
			RecordSet: protocol.RecordSet{Records: reader(s.records)},
		})
	}
	response, err := p.client.work.RoundTrip(ctx, p.client.addr, request)
	if err != nil {
		for _, s := range shares {
			s.err = err
		}
		return
	}
	answers := response.(*produce.Response)
	for _, s := range shares {
		if s.err = answer(answers, s); s.err == nil {
			p.published.Add(int64(len(s.records)))
		}
	}
}

// answer returns what the broker says of a share.
func answer(r *produce.Response, s *share) error {
	for i := range r.Topics {
		if r.Topics[i].Topic != s.topic {
			continue
		}
		for _, p := range r.Topics[i].Partitions {
			switch {
			case int(p.Partition) != s.partition:
			case p.ErrorCode == 0:
				return nil
			case p.ErrorMessage != "":
				return fmt.Errorf("%w: %s", kafka.Error(p.ErrorCode), p.ErrorMessage)
			default:
				return kafka.Error(p.ErrorCode)
			}
		}
	}
	return errors.New("the broker's answer does not mention the topic's partition")
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
