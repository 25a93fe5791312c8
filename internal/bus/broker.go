package bus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
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

	// Kafka's numbers of requests.
	produceKey      = 0
	metadataKey     = 3
	createTopicsKey = 19
)

// Broker is the embedded broker: one node.
type Broker struct {
	cluster *kfake.Cluster
	folder  folder // none where the records are in memory
	stop    context.CancelFunc
	cleaned chan struct{} // closed when clean has ended
	failed  chan error
	left    atomic.Int64 // of the compacted topics, by the last compaction
	isDue   atomic.Bool  // a compaction waits for the next produce request
	warned  atomic.Bool  // of trouble with files

	mu     sync.Mutex
	topics []string // that clients have created or asked for since the start
}

// StartBroker starts an embedded broker that keeps its records in memory, on a port
// of 127.0.0.1 that listen chooses. A nil listen is net.Listen.
func StartBroker(listen func(network, address string) (net.Listener, error)) (*Broker, error) {
	if listen == nil {
		listen = net.Listen
	}
	return startBroker("", kfake.ListenFn(listen))
}

// StartBrokerAt starts an embedded broker on a port of 127.0.0.1, 0 for any, that
// keeps its records in a folder: what it has acknowledged survives it being killed.
func StartBrokerAt(port int, dir string) (*Broker, error) {
	if err := folder(dir).goBack(); err != nil {
		return nil, fmt.Errorf("bus: starting the embedded broker: %w", err)
	}
	return startBroker(folder(dir), kfake.Ports(port), kfake.DataDir(dir))
}

func startBroker(at folder, options ...kfake.Opt) (*Broker, error) {
	b := &Broker{folder: at, cleaned: make(chan struct{}), failed: make(chan error, 1)}
	cluster, err := kfake.NewCluster(append(options,
		kfake.NumBrokers(1),
		kfake.WithLogger(warnings{&b.warned}),
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
	b.cluster, b.stop = cluster, stop
	for _, key := range []int16{createTopicsKey, metadataKey} {
		cluster.ControlKey(key, func(r kmsg.Request) (kmsg.Response, error, bool) {
			cluster.KeepControl()
			b.note(r)
			return nil, nil, false // the cluster answers
		})
	}
	go b.clean(ctx)
	return b, nil
}

// warnings notes that the cluster has logged one.
type warnings struct{ some *atomic.Bool }

func (w warnings) Logf(level kfake.LogLevel, _ string, _ ...any) {
	if level <= kfake.LogLevelWarn {
		w.some.Store(true)
	}
}

// note keeps the names of topics, which the cluster does not tell. Whoever goes on with
// a topic after a start of the broker asks for it first.
func (b *Broker) note(r kmsg.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch r := r.(type) {
	case *kmsg.CreateTopicsRequest:
		for _, t := range r.Topics {
			b.topics = union(b.topics, []string{t.Topic})
		}
	case *kmsg.MetadataRequest:
		for _, t := range r.Topics {
			if t.Topic != nil {
				b.topics = union(b.topics, []string{*t.Topic})
			}
		}
	}
}

// clean drops what may be forgotten, until ctx ends.
func (b *Broker) clean(ctx context.Context) {
	defer close(b.cleaned)
	tick := time.NewTicker(retentionInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		b.cluster.ApplyRetention()
		if b.compactedBytes() <= 2*b.left.Load()+compactionSlack {
			continue
		}
		if b.folder == "" {
			b.compact()
		} else {
			b.compactAtNextProduce()
		}
	}
}

func (b *Broker) compact() {
	b.cluster.Compact()
	b.left.Store(b.compactedBytes())
}

// compactAtNextProduce has the topics compacted when the next produce request has come
// and before it is handled: the cluster then handles nothing else, and so acknowledges
// nothing that is in neither what is kept nor what is written anew. Where that goes
// wrong, nothing is acknowledged from then on.
func (b *Broker) compactAtNextProduce() {
	if b.isDue.Swap(true) {
		return
	}
	var wrong error
	b.cluster.ControlKey(produceKey, func(kmsg.Request) (kmsg.Response, error, bool) {
		if wrong == nil {
			wrong = b.compactFolder()
		}
		if wrong != nil {
			b.cluster.KeepControl()
			select {
			case b.failed <- wrong:
			default:
			}
			return nil, wrong, true
		}
		b.cluster.DropControl()
		b.isDue.Store(false)
		return nil, nil, false
	})
}

func (b *Broker) compactFolder() error {
	if err := b.folder.keep(); err != nil {
		return fmt.Errorf("bus: before a compaction: %w", err)
	}
	b.warned.Store(false)
	b.compact()
	if b.warned.Load() {
		return errors.New("bus: a compaction could not read or write the broker's files")
	}
	if err := b.folder.release(); err != nil {
		return fmt.Errorf("bus: after a compaction: %w", err)
	}
	return nil
}

// Failed gives the error that has made a broker with a folder refuse everything that is
// published from then on, as when its disk is full: to start another one on the folder
// loses nothing. It gives none for as long as all is well.
func (b *Broker) Failed() <-chan error { return b.failed }

// compacted returns the topics that are compacted.
func (b *Broker) compacted() (names []string) {
	b.mu.Lock()
	topics := slices.Clone(b.topics)
	b.mu.Unlock() // the cluster asks for it, in note, before it answers
	for _, topic := range topics {
		info := b.cluster.TopicInfo(topic) // nil of one that was deleted
		if info == nil {
			continue
		}
		if policy := info.Configs[cleanupPolicy]; policy != nil && *policy == compactPolicy {
			names = append(names, topic)
		}
	}
	return names
}

// compactedBytes is how much the compacted topics hold.
func (b *Broker) compactedBytes() (sum int64) {
	for _, topic := range b.compacted() {
		for _, p := range b.cluster.PartitionInfos(topic) {
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
