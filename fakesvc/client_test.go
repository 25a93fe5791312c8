package fakesvc

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
)

// A network without a way out has a name server that knows its own names only, and
// asks others, in vain, for everything else.
func TestDialAsksForAddressesOnly(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	known := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = known })
	names := nameServer(t)
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", names)
	}}

	_, port, _ := net.SplitHostPort(listener.Addr().String())
	client, err := Dial(Env{Dial: (&net.Dialer{}).DialContext}, "A", net.JoinHostPort("a.test", port))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// The resolver would wait for five seconds, several times.
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if err := client.Connected(ctx); err != nil {
		t.Fatal(err)
	}
}

// nameServer answers that each name has the address 127.0.0.1, and no other one; what
// else is asked it never answers.
func nameServer(t *testing.T) (address string) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		message := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(message)
			if err != nil {
				return
			}
			if answer := dnsAnswerTo(message[:n]); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// dnsAnswerTo returns the answer to a DNS message with one question (RFC 1035, 4.1).
func dnsAnswerTo(query []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5 // the root, type and class
	answer := append([]byte(nil), query[:end]...)
	answer[2], answer[3] = 0x81, 0x80            // a response, without an error
	copy(answer[6:12], []byte{0, 0, 0, 0, 0, 0}) // no further records
	switch binary.BigEndian.Uint16(query[end-4:]) {
	case 1: // A
		answer[7] = 1
		return append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	case 28: // AAAA
		return answer
	}
	return nil
}
