package bus

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	// A segment is the unit in which the embedded broker frees memory, and its
	// buffer is copied as it grows: a large one would stall every topic.
	segmentBytes = 1 << 20

	// How often the embedded broker applies Topic.Retain. A topic outgrows its
	// limit by at most what is published in this time, and one segment.
	retentionInterval = 5 * time.Second
)

// Broker is the embedded broker: one node.
type Broker struct{ cluster *kfake.Cluster }

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
			"log.cleaner.backoff.ms": strconv.FormatInt(retentionInterval.Milliseconds(), 10),
		}),
	)...)
	if err != nil {
		return nil, fmt.Errorf("bus: starting the embedded broker: %w", err)
	}
	return &Broker{cluster}, nil
}

// Addresses returns the host:port pairs to connect to.
func (b *Broker) Addresses() []string { return b.cluster.ListenAddrs() }

// Close cuts all connections and forgets the records that are in memory. The broker's goroutines
// have been told to end when it returns, and end without waiting for anything.
// Addresses must not be called after it.
func (b *Broker) Close() { b.cluster.Close() }
