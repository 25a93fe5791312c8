package bus

import (
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// A segment is the unit in which the embedded broker frees memory, and its
	// buffer is copied as it grows: a large one would stall every topic.
	segmentBytes = 1 << 20

	// How often the embedded broker looks whether it may forget something. A topic
	// outgrows Topic.Retain by at most what is published in this time, and one segment.
	retentionInterval = 5 * time.Second

	// By how much compacted topics may outgrow twice what compaction left of them. To
	// compact is to read them all, twice, while nobody is answered: of a copy of many
	// keys that is a pause that would be felt, and often in vain.
	compactionSlack = 4 << 20

	createTopics = 19 // Kafka's number of the request
)

// Broker is the embedded broker: one node.
type Broker struct {
	cluster *kfake.Cluster
	stop    context.CancelFunc
	cleaned chan struct{} // closed when clean has ended

	mu      sync.Mutex
	compact []string // the compacted topics, as far as they were created since the start
}

// StartBroker starts an embedded broker that keeps its records in memory, on a port
// of 127.0.0.1 that listen chooses. A nil listen is net.Listen.
func StartBroker(listen func(network, address string) (net.Listener, error)) (*Broker, error) {
	if listen == nil {
		listen = net.Listen
	}
	return startBroker(kfake.ListenFn(listen))
}

// StartBrokerAt starts an embedded broker on a port of 127.0.0.1, 0 for any, that
// keeps its records in a folder: what it has acknowledged survives it being killed.
func StartBrokerAt(port int, dir string) (*Broker, error) {
	return startBroker(kfake.Ports(port), kfake.DataDir(dir))
}

func startBroker(options ...kfake.Opt) (*Broker, error) {
	cluster, err := kfake.NewCluster(append(options,
		kfake.NumBrokers(1),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes":      strconv.Itoa(segmentBytes),
			"log.retention.ms":       "-1",
			"log.cleaner.backoff.ms": strconv.FormatInt(math.MaxInt32, 10), // clean does it
		}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("bus: starting the embedded broker: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Broker{cluster: cluster, stop: stop, cleaned: make(chan struct{})}
	cluster.ControlKey(createTopics, func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		b.note(r.(*kmsg.CreateTopicsRequest))
		return nil, nil, false // the cluster answers
	})
	go b.clean(ctx)
	return b, nil
}

// note keeps the names of compacted topics, which the cluster does not tell.
func (b *Broker) note(r *kmsg.CreateTopicsRequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range r.Topics {
		for _, c := range t.Configs {
			if c.Name == cleanupPolicy && c.Value != nil && *c.Value == compactPolicy && !slices.Contains(b.compact, t.Topic) {
				b.compact = append(b.compact, t.Topic)
			}
		}
	}
}

// clean drops what may be forgotten, until ctx ends.
func (b *Broker) clean(ctx context.Context) {
	defer close(b.cleaned)
	tick := time.NewTicker(retentionInterval)
	defer tick.Stop()
	var left int64 // of the compacted topics, by the last compaction
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		b.cluster.ApplyRetention()
		if b.compactedBytes() > 2*left+compactionSlack {
			b.cluster.Compact()
			left = b.compactedBytes()
		}
	}
}

// compactedBytes is how much the compacted topics hold.
func (b *Broker) compactedBytes() int64 {
	b.mu.Lock()
	topics := slices.Clone(b.compact)
	b.mu.Unlock() // the cluster asks for it, in note, before it answers
	var sum int64
	for _, topic := range topics {
		for _, p := range b.cluster.PartitionInfos(topic) { // none of one that was deleted
			sum += p.NumBytes
		}
	}
	return sum
}

// Addresses returns the host:port pairs to connect to.
func (b *Broker) Addresses() []string { return b.cluster.ListenAddrs() }

// Close cuts all connections and forgets the records that are in memory. The broker's goroutines
// have been told to end when it returns, and end without waiting for anything.
// Addresses must not be called after it.
func (b *Broker) Close() {
	b.stop()
	<-b.cleaned // which the cluster would leave waiting
	b.cluster.Close()
}
