package agent

import (
	"context"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/clock"
)

const (
	// lookEvery is how often it is looked whether the measured part has a beginning: a
	// part of what a driver leaves between that decision and its first request.
	lookEvery = 5 * time.Millisecond
	// holdLimit is for how long attached drivers keep a node from being released: less
	// than what its driver waits for that.
	holdLimit = 8 * time.Second
)

// attached are the drivers that have added load to a node.
type attached struct {
	mu    sync.Mutex
	count int64
	here  sync.WaitGroup
	gone  bool // the node takes no more of them
}

// join is not ok where the node is being ended.
func (a *attached) join() (ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone {
		return false
	}
	a.count++
	a.here.Add(1)
	return true
}

func (a *attached) total() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// leave returns when all of them have left, or holdLimit has passed.
func (a *attached) leave() {
	a.mu.Lock()
	a.gone = true
	a.mu.Unlock()
	done := make(chan struct{})
	go func() {
		a.here.Wait() // each stream ends at the latest with the process that serves it
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(holdLimit):
	}
}

func (c control) Attach(r *fakesvcpb.AttachRequest, stream grpc.ServerStreamingServer[fakesvcpb.AttachResponse]) error {
	n, err := c.agent.awaitBegin(stream.Context(), r.GetScenario())
	if err != nil {
		return err
	}
	defer n.attached.here.Done()
	text, err := yaml.Marshal(n.task.Experiment)
	if err != nil {
		return status.Errorf(codes.Internal, "encode the experiment: %v", err)
	}
	begin := time.Unix(0, n.begins.Load())
	if err := stream.Send(&fakesvcpb.AttachResponse{Experiment: string(text), InNanos: int64(time.Until(begin))}); err != nil {
		return err
	}
	select {
	case <-stream.Context().Done():
	case <-c.agent.life.Done():
	}
	return nil
}

// awaitBegin returns the node once it is of that scenario and its measured part has a
// beginning. The caller has then joined those that are attached to it.
func (a *Agent) awaitBegin(ctx context.Context, scenario string) (*node, error) {
	for {
		if n := a.begun(scenario); n != nil && n.attached.join() {
			return n, nil
		}
		if err := clock.Sleep(ctx, lookEvery); err != nil {
			return nil, status.FromContextError(err).Err()
		}
	}
}

func (a *Agent) begun(scenario string) *node {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := a.node; n != nil && n.task.Scenario.Name == scenario && n.begins.Load() != 0 {
		return n
	}
	return nil
}
