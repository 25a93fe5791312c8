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

// Freeze is a stretch in which a server answers nothing.
type Freeze struct{ From, Length time.Duration }

// Freezes draws the moments of freezes of 137, 420 and 911 ms, one in each third of
// the second half of d, so that none overlaps another.
func Freezes(seed uint64, d time.Duration) []Freeze {
	random := rand.New(rand.NewPCG(seed, 0))
	lengths := []time.Duration{137 * time.Millisecond, 440 * time.Millisecond, 911 * time.Millisecond}
	random.Shuffle(len(lengths), func(i, j int) { lengths[i], lengths[j] = lengths[j], lengths[i] })
	var out []Freeze
	third := d / 3
	for i, length := range lengths {
		slack := third - length - 300*time.Millisecond
		out = append(out, Freeze{time.Duration(i)*third + 200*time.Millisecond + time.Duration(random.Int64N(int64(slack))), length})
	}
	return out
}

// Truthful knows when it has answered which request.
type Truthful struct {
	fakesvcpb.UnimplementedServiceServer
	seed    uint64
	freezes []Freeze

	mu       sync.Mutex
	begin    time.Time
	answered map[int64]int64 // Unix nanoseconds by request
	frozen   [](chan struct{})
	answers  *echo
}

func NewTruthful(seed uint64, d time.Duration) *Truthful {
	t := &Truthful{seed: seed, freezes: Freezes(seed, d), answered: make(map[int64]int64, 1<<16), answers: newEcho()}
	for range t.freezes {
		t.frozen = append(t.frozen, make(chan struct{}))
	}
	return t
}

// Work is the service time of a request: 5 ms, or 40 ms for one in twenty.
func (t *Truthful) work(id int64) time.Duration {
	if rand.New(rand.NewPCG(t.seed, uint64(id))).IntN(20) == 0 {
		return 40 * time.Millisecond
	}
	return 5 * time.Millisecond
}

func (t *Truthful) Query(ctx context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	t.mu.Lock()
	if t.begin.IsZero() {
		t.begin = time.Now()
		for i, f := range t.freezes {
			time.AfterFunc(f.From+f.Length, func() { close(t.frozen[i]) })
		}
	}
	begin := t.begin
	t.mu.Unlock()
	if err := clock.Precise(ctx, t.work(q.GetRequest())); err != nil {
		return nil, err
	}
	since := time.Since(begin)
	for i, f := range t.freezes {
		if since >= f.From && since < f.From+f.Length {
			select {
			case <-t.frozen[i]:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	now := time.Now().UnixNano()
	t.mu.Lock()
	t.answered[q.GetRequest()] = now
	t.mu.Unlock()
	return t.answers.Query(ctx, q)
}

// Answered is when each request was answered, in Unix nanoseconds.
func (t *Truthful) Answered() map[int64]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.answered
}

// ServeTruth serves until its standard input ends, and prints its address, and then
// when it answered which request.
func ServeTruth(seed uint64, d time.Duration) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	t := NewTruthful(seed, d)
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
	for id, at := range t.Answered() {
		fmt.Fprintln(out, id, at)
	}
	return out.Flush()
}
