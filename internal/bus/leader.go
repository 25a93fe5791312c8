package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// End returns, for each partition of topic, the offset after its last event: a
// reader whose next offset is at least that has caught up with everything
// acknowledged before the call. It retries until ctx ends, but a topic that does
// not exist and an answer that will not change are errors at once.
func (c *Client) End(ctx context.Context, topic string) (map[int]int64, error) {
	for n := 0; ; n++ {
		end, err := c.end(ctx, topic)
		if err == nil {
			return end, nil
		}
		if errors.Is(err, kafka.UnknownTopicOrPartition) || !retriable(err) || !pause(ctx, n) {
			return nil, fmt.Errorf("bus: asking for the end of topic %s: %w", topic, err)
		}
	}
}

func (c *Client) end(ctx context.Context, topic string) (map[int]int64, error) {
	once := c.newTransport(topic)
	defer once.CloseIdleConnections()
	known, err := c.metadata(ctx, once, topic)
	if err != nil {
		return nil, err
	}
	count, err := partitionsOf(known.Topics[0])
	if err != nil {
		return nil, err
	}
	request := &kafka.ListOffsetsRequest{Addr: c.addr, Topics: map[string][]kafka.OffsetRequest{}}
	for p := range count {
		request.Topics[topic] = append(request.Topics[topic], kafka.LastOffsetOf(p))
	}
	response, err := (&kafka.Client{Transport: once}).ListOffsets(ctx, request)
	if err != nil {
		return nil, err
	}
	end := make(map[int]int64, count)
	for _, p := range response.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		end[p.Partition] = p.LastOffset
	}
	return end, nil
}

// count asks the cluster how many partitions topic has.
func (c *Client) count(ctx context.Context, topic string) (int, error) {
	once := c.newTransport(topic)
	defer once.CloseIdleConnections()
	known, err := c.metadata(ctx, once, topic)
	if err != nil {
		return 0, err
	}
	return partitionsOf(known.Topics[0])
}

// dialLeader connects to the broker that leads a partition now. The connection is
// cut when ctx ends.
func (c *Client) dialLeader(ctx context.Context, topic string, partition int) (*kafka.Conn, error) {
	leader, err := c.leader(ctx, topic, partition)
	if err != nil {
		return nil, err
	}
	return c.dialer(ctx).DialPartition(ctx, "tcp", "", kafka.Partition{
		Topic: topic, ID: partition,
		Leader: kafka.Broker{Host: leader.Host, Port: int(leader.Port), ID: int(leader.NodeID)},
	})
}

// dialer makes connections that are cut when ctx ends.
func (c *Client) dialer(ctx context.Context) *kafka.Dialer {
	return &kafka.Dialer{
		ClientID: clientID, Timeout: dialTimeout, TLS: c.config.TLS, SASLMechanism: c.sasl,
		DialFunc: func(dialing context.Context, network, address string) (net.Conn, error) {
			conn, err := c.dial(dialing, network, address)
			if err != nil {
				return nil, err
			}
			return cutAfter(ctx, conn), nil
		},
	}
}

// leader asks the cluster rather than the work Transport's cache: it is for
// when a connection is needed, which is rare, and often because the last
// leader is gone.
func (c *Client) leader(ctx context.Context, topic string, partition int) (metadata.ResponseBroker, error) {
	once := c.newTransport(topic)
	defer once.CloseIdleConnections()
	known, err := c.metadata(ctx, once, topic)
	if err != nil {
		return metadata.ResponseBroker{}, err
	}
	id, err := leaderID(known.Topics[0], partition)
	if err != nil {
		return metadata.ResponseBroker{}, err
	}
	for _, b := range known.Brokers {
		if b.NodeID == id {
			return b, nil
		}
	}
	return metadata.ResponseBroker{}, kafka.LeaderNotAvailable
}

// metadata returns what t knows of topics, in their order; it waits for the
// cluster only when t knows nothing yet.
func (c *Client) metadata(ctx context.Context, t *kafka.Transport, topics ...string) (*metadata.Response, error) {
	if c.ctx.Err() != nil {
		return nil, ErrClosed
	}
	response, err := t.RoundTrip(ctx, c.addr, &metadata.Request{TopicNames: topics})
	if err != nil {
		return nil, err
	}
	return response.(*metadata.Response), nil
}

func partitionsOf(t metadata.ResponseTopic) (int, error) {
	switch {
	case t.ErrorCode != 0:
		return 0, kafka.Error(t.ErrorCode)
	case len(t.Partitions) == 0:
		return 0, kafka.LeaderNotAvailable
	}
	return len(t.Partitions), nil
}

func leaderID(t metadata.ResponseTopic, partition int) (int32, error) {
	if t.ErrorCode != 0 {
		return 0, kafka.Error(t.ErrorCode)
	}
	i := slices.IndexFunc(t.Partitions, func(p metadata.ResponsePartition) bool { return int(p.PartitionIndex) == partition })
	if i < 0 || t.Partitions[i].LeaderID < 0 {
		return 0, kafka.LeaderNotAvailable
	}
	return t.Partitions[i].LeaderID, nil
}
