package arrival

import (
	"io"
	"net"
	"testing"
	"time"
)

// What lay in the kernel before it was read has arrived before.
func TestTheKernelKnowsWhenItCame(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	k := newKernel(conn)
	if k == nil {
		t.Fatal("the kernel does not tell")
	}
	// Kernel and program read one clock at two places: they agree within this.
	const grain = time.Millisecond
	into := make([]byte, 10)
	// The first socket of a machine that asks for stamps has the kernel begin to give
	// them, in a task of its own: until that has run, what arrives has none.
	for began := time.Now(); ; {
		if _, err := far.Write([]byte("answer")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := k.read(into); err != nil {
			t.Fatal(err)
		}
		if k.stamped {
			break
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("the kernel stamps nothing")
		}
	}
	for range 3 {
		before := time.Now()
		if _, err := far.Write([]byte("answer")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
		read := time.Now()
		n, at, err := k.read(into)
		if n != 6 || err != nil {
			t.Fatal(n, err)
		}
		if at.Before(before.Add(-grain)) || at.After(read.Add(-20*time.Millisecond+grain)) && read.Sub(before) < 25*time.Millisecond {
			t.Errorf("arrived %v after it was written, and was read after %v", at.Sub(before), read.Sub(before))
		}
		if !at.Before(read) {
			t.Errorf("arrived %v after it lay there to be read", at.Sub(read))
		}
	}
	if err := conn.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.read(into); err == nil || !err.(net.Error).Timeout() {
		t.Errorf("after its deadline, a read says %v", err)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	far.Close()
	if _, _, err := k.read(into); err != io.EOF {
		t.Errorf("at the end, a read says %v", err)
	}
}
