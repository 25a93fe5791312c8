// Package arrival tells when the answer to a gRPC call arrived at this machine.
//
// gRPC reads a connection in one goroutine, which decodes what came answer by answer
// and wakes each caller in turn. After a stall of the service thousands of answers are
// there at once, and the time until a caller runs is the caller's own. So the
// connection adds to the trailers of each answer when its last byte arrived, by the
// kernel's clock where the kernel tells: the moment travels with the answer, through
// whatever gRPC does with it. A stats.Handler would be called when the answer is
// decoded, which is late in a burst, and takes some twenty objects for each call.
package arrival

import (
	"encoding/binary"
	"encoding/hex"
	"net"
	"strconv"
	"time"

	"google.golang.org/grpc/metadata"
)

// trailer is the name of what is added. What is added is the last of its name.
const trailer = "crosstalk-arrived"

// base is what the moments count from, on this process's monotonic clock. Under a fake
// clock it is years after them.
var base = time.Now()

// Of returns when an answer arrived, or an error that the service sent, by the trailers
// of its call. It is the zero time where none did, as after a timeout, and where the
// connection is not one of Conn.
func Of(md metadata.MD) time.Time {
	values := md[trailer]
	if len(values) == 0 {
		return time.Time{}
	}
	nanos, err := strconv.ParseUint(values[len(values)-1], 16, 64)
	if err != nil {
		return time.Time{}
	}
	return base.Add(time.Duration(nanos))
}

// digits is the length of a moment: its nanoseconds, in hexadecimal.
const digits = 16

// name is the header field up to its value, in HPACK (RFC 7541, 6.2.2): a literal with
// a new name, which changes no table of the decoder's.
var name = append(append([]byte{0x00, byte(len(trailer))}, trailer...), digits)

// added is by how much an answer grows.
var added = len(name) + digits

func appendField(b []byte, at time.Time) []byte {
	var moment [digits / 2]byte
	binary.BigEndian.PutUint64(moment[:], uint64(at.Sub(base)))
	return hex.AppendEncode(append(b, name...), moment[:])
}

// Conn returns conn as a gRPC client is to read it: without TLS, or below it nothing
// is added.
func Conn(conn net.Conn) net.Conn {
	return &stamped{Conn: conn, kernel: newKernel(conn), in: make([]byte, readSize)}
}

// readSize is that of gRPC's own buffer.
const readSize = 32 << 10

type stamped struct {
	net.Conn
	kernel *kernel // nil where it does not tell
	frames frames
	in     []byte
	out    []byte // what was read, with what is added
	taken  int    // of out
}

// Read is called by one goroutine at a time, as gRPC does.
func (s *stamped) Read(p []byte) (int, error) {
	if s.taken == len(s.out) {
		n, at, err := s.read()
		if n == 0 {
			return 0, err
		}
		// Where there is an error too, the next read has it again.
		s.out, s.taken = s.frames.stamp(s.out[:0], s.in[:n], at), 0
	}
	n := copy(p, s.out[s.taken:])
	s.taken += n
	return n, nil
}

// read fills in, and tells when the last byte of it arrived.
func (s *stamped) read() (n int, at time.Time, err error) {
	if s.kernel != nil {
		return s.kernel.read(s.in)
	}
	n, err = s.Conn.Read(s.in)
	return n, time.Now(), err
}
