package rig

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/clock"
)

// freeze is a stretch in which a server answers nothing, from its first request on.
type freeze struct {
	from, until time.Duration
	over        chan struct{} // closed at its end
}

// freezes draws when a server freezes for 137, 420 and 911 ms within d: one in each third
// of it, in any order, over by 0.1 s before the next one may begin.
func freezes(random *rand.Rand, d time.Duration) []freeze {
	lengths := []time.Duration{137 * time.Millisecond, 420 * time.Millisecond, 911 * time.Millisecond}
	random.Shuffle(len(lengths), func(i, j int) { lengths[i], lengths[j] = lengths[j], lengths[i] })
	third := d / time.Duration(len(lengths))
	var out []freeze
	for i, length := range lengths {
		from := time.Duration(i)*third + time.Duration(random.Int64N(int64(third-length-100*time.Millisecond)))
		out = append(out, freeze{from, from + length, make(chan struct{})})
	}
	return out
}

// truthful is a server that knows when it had the answer to which request.
type truthful struct {
	*echo
	seed    uint64
	freezes []freeze
	once    sync.Once
	begin   time.Time

	mu       sync.Mutex
	answered map[int64]time.Time
}

func newTruthful(seed uint64, d time.Duration) *truthful {
	return &truthful{echo: newEcho(), seed: seed, freezes: freezes(rand.New(rand.NewPCG(seed, 0)), d), answered: make(map[int64]time.Time, 1<<16)}
}

// start lets the freezes begin.
func (t *truthful) start() {
	t.begin = time.Now()
	for _, f := range t.freezes {
		time.AfterFunc(f.until, func() { close(f.over) })
	}
}

// Query answers after 5 ms, or 40 ms for one request in twenty, and after the freeze in
// which that ends.
func (t *truthful) Query(ctx context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	t.once.Do(t.start)
	work := 5 * time.Millisecond
	if rand.NewPCG(t.seed, uint64(q.GetRequest())).Uint64()%20 == 0 {
		work = 40 * time.Millisecond
	}
	if err := clock.Precise(ctx, work); err != nil {
		return nil, err
	}
	at := time.Since(t.begin)
	for _, f := range t.freezes {
		if at >= f.from && at < f.until {
			<-f.over
		}
	}
	now := time.Now()
	t.mu.Lock()
	t.answered[q.GetRequest()] = now
	t.mu.Unlock()
	return t.echo.Query(ctx, q)
}

// Truth is such a server, in a process of its own or in this one.
type Truth struct {
	Address string
	// Close ends it and returns when it had the answer to which request.
	Close func() (map[int64]time.Time, error)
}

// StartTruth starts a server whose freezes follow from the seed.
func StartTruth(here bool, seed uint64, d time.Duration) (*Truth, error) {
	if !here {
		return startTruth(seed, d)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server, t := grpc.NewServer(), newTruthful(seed, d)
	fakesvcpb.RegisterServiceServer(server, t)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	return &Truth{listener.Addr().String(), func() (map[int64]time.Time, error) {
		server.Stop()
		return t.answered, <-served
	}}, nil
}

func startTruth(seed uint64, d time.Duration) (*Truth, error) {
	child, out, err := startChild(fmt.Sprintf("%d %d", seed, d))
	if err != nil {
		return nil, err
	}
	return &Truth{child.Address, func() (map[int64]time.Time, error) {
		if err := child.stdin.Close(); err != nil {
			return nil, err
		}
		answered := make(map[int64]time.Time)
		for {
			var id, nanos int64
			if _, err := fmt.Fscanln(out, &id, &nanos); err == io.EOF {
				return answered, child.process.Wait()
			} else if err != nil {
				return nil, err
			}
			answered[id] = time.Unix(0, nanos)
		}
	}}, nil
}

// ServeTruth serves until its standard input ends. It prints its address first, and in
// the end when it had the answer to which request, in Unix nanoseconds.
func ServeTruth(seed uint64, d time.Duration) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server, t := grpc.NewServer(), newTruthful(seed, d)
	fakesvcpb.RegisterServiceServer(server, t)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	fmt.Println(listener.Addr())
	if err := server.Serve(listener); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for id, at := range t.answered {
		fmt.Fprintln(out, id, at.UnixNano())
	}
	return out.Flush()
}
