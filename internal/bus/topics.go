package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

const (
	adminTimeout = 10 * time.Second
	partition    = 0 // the only one a topic of ours has
)

// maxBatch is the most bytes of a record batch that our topics take: so much that
// an event of 8 MB fits in, and no more than managed clusters allow. Kafka's
// default is 1 MB.
const maxBatch = 8 << 20

// Topic is a topic to create.
type Topic struct {
	Name string
	// Retain bounds what the topic keeps, in bytes: once it holds more, the
	// broker drops its oldest records when it next looks (the embedded broker
	// each 5 s; Kafka each 5 minutes by default). 0 keeps every record for as
	// long as the topic exists, but for what Compact drops.
	Retain int64
	// Compact keeps, of each key, at least the last record, and drops older ones at
	// the same times: what a copy is built from need not grow with the run.
	Compact bool
}

func (t Topic) config() kafka.TopicConfig {
	entries := []kafka.ConfigEntry{
		{ConfigName: "retention.ms", ConfigValue: "-1"}, // a week by default
		{ConfigName: "retention.bytes", ConfigValue: "-1"},
		{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(maxBatch)},
	}
	if t.Retain > 0 {
		entries[1].ConfigValue = strconv.FormatInt(t.Retain, 10)
		// Kafka drops whole segments only, of 1 GiB by default.
		entries = append(entries, kafka.ConfigEntry{ConfigName: "segment.bytes", ConfigValue: strconv.Itoa(segmentBytes)})
	}
	if t.Compact {
		entries = append(entries,
			kafka.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "compact"},
			kafka.ConfigEntry{ConfigName: "segment.bytes", ConfigValue: strconv.Itoa(segmentBytes)})
	}
	return kafka.TopicConfig{Topic: t.Name, NumPartitions: 1, ReplicationFactor: -1, ConfigEntries: entries}
}

// CreateTopics creates topics of one partition each, with the cluster's
// default replication, and returns when this client can publish to them. A
// topic that exists is an error; the other topics are created all the same.
// It gives up after 10 s.
func (c *Client) CreateTopics(ctx context.Context, topics ...Topic) error {
	if len(topics) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	request := &kafka.CreateTopicsRequest{}
	for _, t := range topics {
		if t.Retain < 0 {
			return fmt.Errorf("bus: topic %s: a retention of %d bytes is negative", t.Name, t.Retain)
		}
		request.Topics = append(request.Topics, t.config())
	}
	response, err := c.kafka.CreateTopics(ctx, request)
	if err != nil {
		return fmt.Errorf("bus: creating topics: %w", err)
	}
	var created []string
	var failed []error
	for _, t := range topics {
		if err := response.Errors[t.Name]; err != nil {
			failed = append(failed, fmt.Errorf("bus: creating topic %s: %w", t.Name, err))
		} else {
			created = append(created, t.Name)
		}
	}
	c.mu.Lock()
	c.created = append(c.created, created...)
	c.mu.Unlock()
	return errors.Join(append(failed, c.awaitLeaders(ctx, created))...)
}

// Created returns the topics that this client has created and not deleted.
func (c *Client) Created() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.created)
}

// Await returns when this client can publish to topics that another one has
// created: what it knows of the cluster may be older than they are.
func (c *Client) Await(ctx context.Context, topics ...string) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	return c.awaitLeaders(ctx, topics)
}

// DeleteCreated deletes the topics that this client has created.
func (c *Client) DeleteCreated(ctx context.Context) error {
	c.mu.Lock()
	names := c.created
	c.created = nil
	c.mu.Unlock()
	return c.DeleteTopics(ctx, names...)
}

func (c *Client) awaitLeaders(ctx context.Context, topics []string) error {
	if len(topics) == 0 {
		return nil
	}
	for n := 0; ; n++ {
		err := c.led(ctx, topics)
		if err == nil {
			return nil
		}
		if !retriable(err) || !pause(ctx, n) {
			return fmt.Errorf("bus: waiting for new topics to become visible: %w", err)
		}
		c.forget()
	}
}

func (c *Client) led(ctx context.Context, topics []string) error {
	known, err := c.metadata(ctx, c.work, topics...)
	if err != nil {
		return err
	}
	for _, t := range known.Topics {
		if _, err := leaderID(t); err != nil {
			return fmt.Errorf("topic %s: %w", t.Name, err)
		}
	}
	return nil
}

// DeleteTopics deletes topics and their records. A topic that does not exist
// is an error; the other topics are deleted all the same. It gives up after
// 10 s.
func (c *Client) DeleteTopics(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	response, err := c.kafka.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
	if err != nil {
		return fmt.Errorf("bus: deleting topics: %w", err)
	}
	var failed []error
	for _, name := range names {
		if err := response.Errors[name]; err != nil {
			failed = append(failed, fmt.Errorf("bus: deleting topic %s: %w", name, err))
		}
	}
	c.forget()
	return errors.Join(failed...)
}

// Topics returns the names of the cluster's topics, sorted, as they are now.
func (c *Client) Topics(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	c.forget() // the transport would answer with what it knows
	response, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, fmt.Errorf("bus: listing topics: %w", err)
	}
	var names []string
	for _, t := range response.Topics {
		if !t.Internal {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// End returns the offset after the topic's last event: a reader whose next
// offset is at least that has caught up with everything acknowledged before
// the call. It retries until ctx ends, but a topic that does not exist and an
// answer that will not change are errors at once.
func (c *Client) End(ctx context.Context, topic string) (int64, error) {
	for n := 0; ; n++ {
		end, err := c.end(ctx, topic)
		if err == nil {
			return end, nil
		}
		if errors.Is(err, kafka.UnknownTopicOrPartition) || !retriable(err) || !pause(ctx, n) {
			return 0, fmt.Errorf("bus: asking for the end of topic %s: %w", topic, err)
		}
	}
}

func (c *Client) end(ctx context.Context, topic string) (int64, error) {
	conn, err := c.dialLeader(ctx, topic)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.ReadLastOffset()
}

// dialLeader connects to the broker that leads topic now. The connection is
// cut when ctx ends.
func (c *Client) dialLeader(ctx context.Context, topic string) (*kafka.Conn, error) {
	leader, err := c.leader(ctx, topic)
	if err != nil {
		return nil, err
	}
	conn, err := c.dial(ctx, "tcp", net.JoinHostPort(leader.Host, strconv.Itoa(int(leader.Port))))
	if err != nil {
		return nil, err
	}
	return kafka.NewConnWith(cutAfter(ctx, conn), kafka.ConnConfig{
		ClientID:  clientID,
		Topic:     topic,
		Partition: partition,
		Broker:    int(leader.NodeID),
	}), nil
}

// leader asks the cluster rather than the work Transport's cache: it is for
// when a connection is needed, which is rare, and often because the last
// leader is gone.
func (c *Client) leader(ctx context.Context, topic string) (metadata.ResponseBroker, error) {
	once := c.newTransport(topic)
	defer once.CloseIdleConnections()
	known, err := c.metadata(ctx, once, topic)
	if err != nil {
		return metadata.ResponseBroker{}, err
	}
	id, err := leaderID(known.Topics[0])
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

func leaderID(t metadata.ResponseTopic) (int32, error) {
	if t.ErrorCode != 0 {
		return 0, kafka.Error(t.ErrorCode)
	}
	for _, p := range t.Partitions {
		if p.PartitionIndex == partition && p.LeaderID >= 0 {
			return p.LeaderID, nil
		}
	}
	return 0, kafka.LeaderNotAvailable
}
