package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

const (
	clientID = "crosstalk"

	dialTimeout = 3 * time.Second
	openTimeout = 5 * time.Second

	// Below a broker's own limit (connections.max.idle.ms, 10 minutes by
	// default), so that it is never the broker who cuts a connection in use.
	idleTimeout = 9 * time.Minute

	// Metadata that turns out to be wrong is asked for again at once, so the
	// periodic question may be rare and stay out of what is measured.
	metadataTTL = 2 * time.Minute
)

// ErrClosed is what a closed Client, Publisher or Subscription answers.
var ErrClosed = errors.New("bus: closed")

// Config says where the cluster is.
type Config struct {
	// Addresses are host:port pairs of one or more brokers of the cluster;
	// the others are learned from these.
	Addresses []string
	// Dial opens each connection; nil is a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS encrypts each connection, to the name that it is dialled by unless a
	// ServerName is given; nil does not.
	TLS *tls.Config
	// SASL is who this client says that it is; its zero value does not say.
	SASL SASL
	// Replication is how many copies of each partition the topics that this client
	// creates have; 0 is the cluster's default.
	Replication int
}

// Client is a connection to a cluster. Its methods may be called by several
// goroutines at once, Close excepted.
type Client struct {
	config Config
	addr   net.Addr
	ctx    context.Context // ends with Close, and every connection with it
	cancel context.CancelFunc
	work   *kafka.Transport // produce and administration; fetches have connections of their own
	kafka  *kafka.Client
	sasl   sasl.Mechanism // nil without
	owned  sync.WaitGroup // the goroutines of publishers and subscriptions

	mu      sync.Mutex
	ensured []string // the topics of EnsureTopics
}

// Open connects to the cluster and asks who is in it. It fails within 5 s, at
// once when the addresses refuse, and names them.
func Open(ctx context.Context, config Config) (*Client, error) {
	if len(config.Addresses) == 0 {
		return nil, errors.New("bus: no Kafka address is given")
	}
	if config.Dial == nil {
		config.Dial = new(net.Dialer).DialContext
	}
	mechanism, err := config.SASL.mechanism()
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, addr: kafka.TCP(config.Addresses...), sasl: mechanism}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.work = c.newTransport()
	c.kafka = &kafka.Client{Addr: c.addr, Transport: c.work}

	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if _, err := c.metadata(ctx, c.work); err != nil {
		c.Close()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%w: it ended the connection, as a broker does whose TLS or SASL settings differ", err)
		}
		return nil, fmt.Errorf("bus: no Kafka broker answers at %s: %w", strings.Join(config.Addresses, ", "), err)
	}
	return c, nil
}

// Close cuts every connection, ends every Publisher and Subscription of this
// client and returns when their goroutines have ended. What a Publisher still
// has queued fails: close the publishers first to flush them. The error is
// always nil.
func (c *Client) Close() error {
	c.cancel()
	c.owned.Wait()
	c.work.CloseIdleConnections()
	return nil
}

func (c *Client) newTransport(topics ...string) *kafka.Transport {
	return &kafka.Transport{
		Dial:           c.dial,
		DialTimeout:    dialTimeout,
		IdleTimeout:    idleTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: topics,
		ClientID:       clientID,
		TLS:            c.config.TLS,
		SASL:           c.sasl,
		Context:        c.ctx,
	}
}

// forget drops what is known of the cluster and the connections to it, so
// that the next request asks and connects anew. kafka-go has no gentler way
// to refresh a Transport's metadata.
func (c *Client) forget() { c.work.CloseIdleConnections() }

// dial opens a connection that Close cuts: kafka-go does not interrupt a
// request that is waiting for its answer.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := c.config.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return cutAfter(c.ctx, conn), nil
}

// line is a connection that is closed when a context ends.
type line struct {
	net.Conn
	release func() bool
}

func cutAfter(ctx context.Context, conn net.Conn) net.Conn {
	return &line{conn, context.AfterFunc(ctx, func() { conn.Close() })}
}

func (l *line) Close() error {
	l.release()
	return l.Conn.Close()
}
