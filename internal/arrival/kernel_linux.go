package arrival

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// kernel reads a connection together with the moment at which the kernel had received
// the last of what is read (SO_TIMESTAMPNS, of TCP since Linux 4.12). On a busy machine
// that is milliseconds before the reading goroutine runs.
type kernel struct {
	conn net.Conn
	raw  syscall.RawConn
	said message

	stamped bool // whether the kernel told of the last read
}

// message is what comes with what is read.
type message struct {
	syscall.Cmsghdr
	at syscall.Timespec
}

// newKernel returns nil where the kernel does not tell.
func newKernel(conn net.Conn) *kernel {
	c, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	var set error
	if err := raw.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	}); err != nil || set != nil {
		return nil
	}
	return &kernel{conn: conn, raw: raw}
}

// read is as the connection's Read.
func (k *kernel) read(p []byte) (n int, at time.Time, err error) {
	var length int
	into := unsafe.Slice((*byte)(unsafe.Pointer(&k.said)), unsafe.Sizeof(k.said))
	waited := k.raw.Read(func(fd uintptr) bool {
		n, length, err = receive(int(fd), p, into)
		return err != syscall.EAGAIN
	})
	now := time.Now()
	switch {
	case waited != nil:
		return 0, now, waited
	case err != nil:
		return 0, now, &net.OpError{
			Op: "read", Net: "tcp", Source: k.conn.LocalAddr(), Addr: k.conn.RemoteAddr(), Err: os.NewSyscallError("recvmsg", err),
		}
	case n == 0:
		return 0, now, io.EOF
	}
	var age time.Duration
	age, k.stamped = k.said.age(now, length)
	return n, now.Add(-age), nil
}

func receive(fd int, p, control []byte) (n, length int, err error) {
	for {
		n, length, _, _, err = syscall.Recvmsg(fd, p, control, 0)
		if err != syscall.EINTR {
			return n, length, err
		}
	}
}

// age is for how long, at now, the kernel had had what a message of a length came with,
// and whether it says so. It says it by the wall clock, and so does now.
func (m *message) age(now time.Time, length int) (time.Duration, bool) {
	if length < int(unsafe.Sizeof(*m)) || m.Level != syscall.SOL_SOCKET || m.Type != syscall.SCM_TIMESTAMPNS {
		return 0, false
	}
	return max(time.Duration(now.UnixNano()-m.at.Nano()), 0), true
}
