package fakesvc

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// cutter dials, until it is cut: then what it has dialled is closed, and nothing
// can be reached until it is mended. It is how the bus goes away for one host,
// whatever the bus is.
type cutter struct {
	dialler func(ctx context.Context, network, address string) (net.Conn, error)

	mu    sync.Mutex
	cuts  int
	conns map[*cutConn]struct{}
}

func newCutter(dial func(ctx context.Context, network, address string) (net.Conn, error)) *cutter {
	return &cutter{dialler: dial, conns: make(map[*cutConn]struct{})}
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.isCut() {
		return nil, fmt.Errorf("dial %s: connection refused on purpose", address)
	}
	conn, err := c.dialler(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tracked := &cutConn{Conn: conn, cutter: c}
	c.mu.Lock()
	c.conns[tracked] = struct{}{}
	c.mu.Unlock()
	if c.isCut() { // in the meantime
		tracked.Close()
		return nil, fmt.Errorf("dial %s: connection cut on purpose", address)
	}
	return tracked, nil
}

func (c *cutter) isCut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts > 0
}

func (c *cutter) cut() {
	c.mu.Lock()
	c.cuts++
	conns := c.conns
	c.conns = make(map[*cutConn]struct{})
	c.mu.Unlock()
	for conn := range conns {
		conn.Close()
	}
}

func (c *cutter) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cuts--
}

type cutConn struct {
	net.Conn
	cutter *cutter
}

func (c *cutConn) Close() error {
	c.cutter.mu.Lock()
	delete(c.cutter.conns, c)
	c.cutter.mu.Unlock()
	return c.Conn.Close()
}
