package bus

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// brokerVariable has the test's binary be a broker with that folder.
const brokerVariable = "CROSSTALK_TEST_BROKER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(brokerVariable); dir != "" {
		beBroker(dir, os.Args[1])
	}
	os.Exit(m.Run())
}

// beBroker is a broker that compacts all the time, and says where it listens.
func beBroker(dir, port string) {
	n, _ := strconv.Atoi(port)
	b, err := StartBrokerAt(n, dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(b.Addresses()[0])
	go func() { // the test's end, however it ends, closes it
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		b.compactAtNextProduce()
		select {
		case err := <-b.Failed():
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		case <-time.After(time.Millisecond):
		}
	}
}

// startChild starts the broker, and returns when it listens.
func startChild(t *testing.T, dir, port string) (address string, kill func()) {
	t.Helper()
	c := exec.Command(os.Args[0], port)
	c.Env = append(os.Environ(), brokerVariable+"="+dir)
	c.Stderr = os.Stderr
	_, err := c.StdinPipe()
	done(t, err)
	out, err := c.StdoutPipe()
	done(t, err)
	done(t, c.Start())
	kill = func() { c.Process.Kill(); c.Wait() }
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		kill()
		t.Fatal("the broker did not start")
	}
	return lines.Text(), kill
}

// A broker that spends most of its time compacting is killed again and again, and has
// all that it has acknowledged.
func TestKilledWhileItCompacts(t *testing.T) {
	const kills = 12
	dir := t.TempDir()
	address, kill := startChild(t, dir, "0")
	defer func() { kill() }()
	_, port, err := net.SplitHostPort(address)
	done(t, err)
	c, err := Open(t.Context(), Config{Addresses: []string{address}})
	done(t, err)
	defer c.Close()
	done(t, c.EnsureTopics(t.Context(), Topic{Name: small, Compact: true}))

	publishing, stop := context.WithCancel(t.Context())
	var acknowledged atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p := c.NewPublisher()
		defer p.Close()
		for publishing.Err() == nil {
			if p.Publish(publishing, change(acknowledged.Load())) == nil {
				acknowledged.Add(1)
			}
		}
	}()
	for n := range kills {
		for from := acknowledged.Load(); acknowledged.Load() < from+20; time.Sleep(time.Millisecond) {
			if t.Context().Err() != nil {
				t.Fatal("nothing is acknowledged any more")
			}
		}
		time.Sleep(time.Duration(n*n%7) * time.Millisecond)
		kill()
		_, kill = startChild(t, dir, port)
	}
	stop()
	<-ended
	got, want := newest(t, c), newestOf(acknowledged.Load())
	for key, number := range want {
		if got[key] < number {
			t.Errorf("of %d acknowledged, the last of key %d is %d, want %d", acknowledged.Load(), key, got[key], number)
		}
	}
	t.Logf("%d acknowledged", acknowledged.Load())
}
