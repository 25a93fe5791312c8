// Package simnet is a network in memory, for whole topologies under a fake clock.
//
// Its law: nothing here waits on anything but channels, so that a goroutine
// blocked on this network is durably blocked and testing/synctest may move time
// on. A transfer takes no time.
package simnet

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// Network is a set of listeners that dial each other. Its zero value is ready.
type Network struct {
	mu        sync.Mutex
	listeners map[string]*listener
	lastPort  int
}

// Listen opens a port on an address host:port; port 0 is given the next free one.
func (n *Network) Listen(network, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners == nil {
		n.listeners = make(map[string]*listener)
	}
	if port == "0" {
		n.lastPort++
		port = strconv.Itoa(10_000 + n.lastPort)
	}
	at := addr(net.JoinHostPort(host, port))
	if n.listeners[string(at)] != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: at, Err: fmt.Errorf("address already in use")}
	}
	l := &listener{network: n, addr: at, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[string(at)] = l
	return l, nil
}

// Dial connects to a listener; where there is none the connection is refused.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	refused := &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: fmt.Errorf("connection refused")}
	n.mu.Lock()
	l := n.listeners[address]
	n.mu.Unlock()
	if l == nil {
		return nil, refused
	}
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type listener struct {
	network *Network
	addr    addr
	conns   chan net.Conn
	once    sync.Once
	closed  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, string(l.addr))
	})
	return nil
}

func (l *listener) Addr() net.Addr { return l.addr }

type addr string

func (addr) Network() string  { return "sim" }
func (a addr) String() string { return string(a) }
