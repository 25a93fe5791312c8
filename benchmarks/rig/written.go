package rig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// requestTrailer names the request in the trailers of its answer.
const requestTrailer = "request"

// logged is a listener whose connections keep what a gRPC server writes, and when: an
// answer has left the server at the write of its trailers, which in a burst is tens of
// milliseconds after its handler has returned.
type logged struct {
	net.Listener
	mu    sync.Mutex
	conns []*loggedConn
}

func (l *logged) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	// With room: a log that grows copies itself between the moment and the write.
	c := &loggedConn{Conn: conn, bytes: make([]byte, 0, 32<<20), writes: make([]write, 0, 1<<17)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	return c, nil
}

// written returns when the last byte of each answer was handed to the kernel, by its
// request. It is for after the server has stopped.
func (l *logged) written() (map[int64]time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[int64]time.Time)
	for _, c := range l.conns {
		if err := c.answers(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type loggedConn struct {
	net.Conn
	mu     sync.Mutex
	bytes  []byte
	writes []write
}

// write is one call of Write: up to which byte, and when it began.
type write struct {
	end int
	at  time.Time
}

func (c *loggedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.bytes = append(c.bytes, p...)
	c.writes = append(c.writes, write{len(c.bytes), time.Now()})
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// answers adds when each answer on the connection was written.
func (c *loggedConn) answers(to map[int64]time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := bytes.NewReader(c.bytes)
	framer := http2.NewFramer(nil, left)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		frame, err := framer.ReadFrame()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // cut off by the end
			return nil
		}
		if err != nil {
			return fmt.Errorf("what the server wrote: %w", err)
		}
		headers, ok := frame.(*http2.MetaHeadersFrame)
		if !ok || !headers.StreamEnded() {
			continue
		}
		for _, field := range headers.RegularFields() {
			if field.Name != requestTrailer {
				continue
			}
			id, err := strconv.ParseInt(field.Value, 10, 64)
			if err != nil {
				return err
			}
			to[id] = c.at(len(c.bytes) - left.Len())
		}
	}
}

// at returns when the byte before end was written.
func (c *loggedConn) at(end int) time.Time {
	i, _ := slices.BinarySearchFunc(c.writes, end, func(w write, end int) int { return w.end - end })
	return c.writes[i].at
}
