package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// How long is tried to create and to delete topics.
const adminTimeout = 10 * time.Second

// maxBatch is the most bytes of a record batch that our topics take: so much that
// an event of 8 MB fits in, and no more than managed clusters allow. Kafka's
// default is 1 MB.
const maxBatch = 8 << 20

// How a topic is told to forget what is outdated.
const (
	cleanupPolicy = "cleanup.policy"
	compactPolicy = "compact"
)

// Topic is a topic to create.
type Topic struct {
	Name string
	// Retain bounds what a partition of the topic keeps, in bytes: once it holds
	// more, the broker drops its oldest records when it next looks (the embedded
	// broker each 5 s; Kafka each 5 minutes by default). 0 keeps every record for
	// as long as the topic exists, but for what Compact drops.
	Retain int64
	// Compact keeps, of each key, at least the last record, and drops older ones when
	// there are many (the embedded broker looks at the same times): what a copy is built
	// from need not grow with the run.
	Compact bool
	// Partitions is how many orders the topic has; 0 is one.
	Partitions int
}

func (t Topic) partitions() int { return max(t.Partitions, 1) }

// config has so many copies of each partition; 0 is as many as is the cluster's
// default.
func (t Topic) config(replication int) kafka.TopicConfig {
	entries := []kafka.ConfigEntry{
		{ConfigName: "retention.ms", ConfigValue: "-1"}, // a week by default
		{ConfigName: "retention.bytes", ConfigValue: "-1"},
		{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(maxBatch)},
	}
	if t.Retain > 0 {
		entries[1].ConfigValue = strconv.FormatInt(t.Retain, 10)
	}
	if t.Compact {
		entries = append(entries, kafka.ConfigEntry{ConfigName: cleanupPolicy, ConfigValue: compactPolicy})
	}
	if t.Retain > 0 || t.Compact {
		// Kafka drops whole segments only, of 1 GiB by default.
		entries = append(entries, kafka.ConfigEntry{ConfigName: "segment.bytes", ConfigValue: strconv.Itoa(segmentBytes)})
	}
	if replication > 1 {
		// Acknowledged means by two brokers at least, where there are three copies: with
		// Kafka's default of 1, it may be by a leader alone whose followers lag.
		entries = append(entries, kafka.ConfigEntry{ConfigName: "min.insync.replicas", ConfigValue: strconv.Itoa(replication - 1)})
	}
	if replication == 0 {
		replication = -1
	}
	return kafka.TopicConfig{
		Topic: t.Name, NumPartitions: t.partitions(), ReplicationFactor: replication, ConfigEntries: entries,
	}
}

// EnsureTopics creates those of topics that do not exist, and returns when this
// client can publish to all of them. A topic that exists with another number of
// partitions is an error; its other settings are not looked at. It is tried for
// 10 s.
func (c *Client) EnsureTopics(ctx context.Context, topics ...Topic) error {
	if len(topics) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	for _, t := range topics {
		if t.Retain < 0 {
			return fmt.Errorf("bus: topic %s: a retention of %d bytes is negative", t.Name, t.Retain)
		}
	}
	for n := 0; ; n++ {
		err := c.ensure(ctx, topics)
		if err == nil || !retriable(err) || !pause(ctx, n) {
			return err
		}
		c.forget()
	}
}

func (c *Client) ensure(ctx context.Context, topics []Topic) error {
	request := &kafka.CreateTopicsRequest{}
	for _, t := range topics {
		request.Topics = append(request.Topics, t.config(c.config.Replication))
	}
	response, err := c.kafka.CreateTopics(ctx, request)
	if err != nil {
		return fmt.Errorf("bus: creating topics: %w", err)
	}
	var there []Topic
	var failed []error
	for _, t := range topics {
		if err := response.Errors[t.Name]; err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			failed = append(failed, fmt.Errorf("bus: creating topic %s: %w", t.Name, err))
		} else {
			there = append(there, t)
		}
	}
	return errors.Join(append(failed, c.check(ctx, there))...)
}

// check waits until topics are visible, and looks at their partitions.
func (c *Client) check(ctx context.Context, topics []Topic) error {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name
	}
	if err := c.Await(ctx, names...); err != nil {
		return err
	}
	c.mu.Lock()
	c.ensured = union(c.ensured, names)
	c.mu.Unlock()
	known, err := c.metadata(ctx, c.work, names...)
	if err != nil {
		return fmt.Errorf("bus: looking at topics: %w", err)
	}
	var failed []error
	for i, t := range topics {
		if got := len(known.Topics[i].Partitions); got != t.partitions() {
			failed = append(failed, final{fmt.Errorf("bus: topic %s exists with %d partitions, and %d are asked for", t.Name, got, t.partitions())})
		}
	}
	return errors.Join(failed...)
}

func union(names, more []string) []string {
	for _, name := range more {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Ensured returns the topics that this client has made sure of.
func (c *Client) Ensured() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ensured)
}

// Await returns when this client can publish to topics that another one creates,
// and tries until ctx ends.
func (c *Client) Await(ctx context.Context, topics ...string) error {
	if len(topics) == 0 {
		return nil
	}
	for n := 0; ; n++ {
		err := c.led(ctx, topics)
		if err == nil {
			return nil
		}
		if !retriable(err) || !pause(ctx, n) {
			return fmt.Errorf("bus: waiting for topics to become visible: %w", err)
		}
		c.forget() // what this client knows may be older than they are
	}
}

func (c *Client) led(ctx context.Context, topics []string) error {
	known, err := c.metadata(ctx, c.work, topics...)
	if err != nil {
		return err
	}
	for _, t := range known.Topics {
		count, err := partitionsOf(t)
		for p := 0; p < count && err == nil; p++ {
			_, err = leaderID(t, p)
		}
		if err != nil {
			return fmt.Errorf("topic %s: %w", t.Name, err)
		}
	}
	return nil
}

// DeletePrefix deletes every topic whose name begins with prefix, whoever has
// created it, and its records. It is tried for 10 s; the error then says what may be left.
func (c *Client) DeletePrefix(ctx context.Context, prefix string) error {
	if prefix == "" {
		return errors.New("bus: deleting topics: no prefix is given, and every topic begins with that")
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	for n := 0; ; n++ {
		left, err := c.deletePrefix(ctx, prefix)
		if err == nil && left == 0 {
			return nil
		}
		if err != nil && !retriable(err) {
			return err
		}
		if !pause(ctx, n) {
			return fmt.Errorf("bus: topics that begin with %s may be left after %v: %w", prefix, adminTimeout, cmp.Or(err, ctx.Err()))
		}
		c.forget()
	}
}

// deletePrefix returns how many topics there were to delete.
func (c *Client) deletePrefix(ctx context.Context, prefix string) (int, error) {
	names, err := c.Topics(ctx)
	if err != nil {
		return 0, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	if len(names) == 0 {
		return 0, nil
	}
	response, err := c.kafka.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: names})
	if err != nil {
		return len(names), fmt.Errorf("bus: deleting topics: %w", err)
	}
	var failed []error
	for _, name := range names {
		if err := response.Errors[name]; err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
			failed = append(failed, fmt.Errorf("bus: deleting topic %s: %w", name, err))
		}
	}
	return len(names), errors.Join(failed...)
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
