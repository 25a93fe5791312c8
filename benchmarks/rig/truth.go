package rig

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

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

// Answer is when a server had an answer, and when it handed its last byte to the kernel.
type Answer struct{ Had, Written time.Time }

// truthful is a server that knows when it answered which request.
type truthful struct {
	*echo
	listener *logged
	seed     uint64
	freezes  []freeze
	once     sync.Once
	begin    time.Time

	mu  sync.Mutex
	had map[int64]time.Time
}

func newTruthful(seed uint64, d time.Duration) (*truthful, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &truthful{
		echo: newEcho(), listener: &logged{Listener: listener}, seed: seed,
		freezes: freezes(rand.New(rand.NewPCG(seed, 0)), d), had: make(map[int64]time.Time, 1<<16),
	}, nil
}

// server serves t.
func (t *truthful) server() *grpc.Server {
	server := grpc.NewServer()
	fakesvcpb.RegisterServiceServer(server, t)
	return server
}

// answers is for after the server has stopped.
func (t *truthful) answers() (map[int64]Answer, error) {
	written, err := t.listener.written()
	if err != nil {
		return nil, err
	}
	out := make(map[int64]Answer, len(written))
	for id, at := range written {
		out[id] = Answer{t.had[id], at}
	}
	return out, nil
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
	t.had[q.GetRequest()] = now
	t.mu.Unlock()
	if err := grpc.SetTrailer(ctx, metadata.Pairs(requestTrailer, strconv.FormatInt(q.GetRequest(), 10))); err != nil {
		return nil, err
	}
	return t.echo.Query(ctx, q)
}

// Truth is such a server, in a process of its own or in this one.
type Truth struct {
	Address string
	// Close ends it and returns when it answered which request.
	Close func() (map[int64]Answer, error)
}

// StartTruth starts a server whose freezes follow from the seed.
func StartTruth(here bool, seed uint64, d time.Duration) (*Truth, error) {
	if !here {
		return startTruth(seed, d)
	}
	t, err := newTruthful(seed, d)
	if err != nil {
		return nil, err
	}
	server, served := t.server(), make(chan error, 1)
	go func() { served <- server.Serve(t.listener) }()
	return &Truth{t.listener.Addr().String(), func() (map[int64]Answer, error) {
		server.Stop()
		if err := <-served; err != nil {
			return nil, err
		}
		return t.answers()
	}}, nil
}

func startTruth(seed uint64, d time.Duration) (*Truth, error) {
	child, out, err := startChild(fmt.Sprintf("%d %d", seed, d))
	if err != nil {
		return nil, err
	}
	return &Truth{child.Address, func() (map[int64]Answer, error) {
		if err := child.stdin.Close(); err != nil {
			return nil, err
		}
		answers := make(map[int64]Answer)
		for {
			var id, had, written int64
			if _, err := fmt.Fscanln(out, &id, &had, &written); err == io.EOF {
				return answers, child.process.Wait()
			} else if err != nil {
				return nil, err
			}
			answers[id] = Answer{time.Unix(0, had), time.Unix(0, written)}
		}
	}}, nil
}

// ServeTruth serves until its standard input ends. It prints its address first, and in
// the end, in Unix nanoseconds, when it had and when it wrote the answer to which request.
func ServeTruth(seed uint64, d time.Duration) error {
	t, err := newTruthful(seed, d)
	if err != nil {
		return err
	}
	server := t.server()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	fmt.Println(t.listener.Addr())
	if err := server.Serve(t.listener); err != nil {
		return err
	}
	answers, err := t.answers()
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for id, a := range answers {
		fmt.Fprintln(out, id, a.Had.UnixNano(), a.Written.UnixNano())
	}
	return out.Flush()
}
