package topology

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
	// lookEvery is how often it is looked whether what is waited for is there: a small
	// part of what a driver leaves between Begin and its first request.
	lookEvery = 5 * time.Millisecond
	// holdLimit is for how long attached drivers keep a node from being released: less
	// than what its driver waits for that.
	holdLimit = 8 * time.Second
)

// attached are the drivers that add load to a node.
type attached struct {
	mu      sync.Mutex
	present int
	total   int64 // those that have begun
	gone    bool  // the node takes no more of them
}

// join is not ok where the node is being ended.
func (a *attached) join() (ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.gone {
		a.present++
	}
	return !a.gone
}

func (a *attached) part() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.present--
}

func (a *attached) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total++
}

func (a *attached) count() (present int, total int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.present, a.total
}

// end lets nobody join any more, and returns when all have left, or holdLimit has passed.
func (a *attached) end() {
	a.mu.Lock()
	a.gone = true
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), holdLimit)
	defer cancel()
	_ = until(ctx, func() bool {
		present, _ := a.count()
		return present == 0
	})
}

// until returns when a condition holds. Its error is ctx's, as a gRPC status.
func until(ctx context.Context, holds func() bool) error {
	for !holds() {
		if err := clock.Sleep(ctx, lookEvery); err != nil {
			return status.FromContextError(err).Err()
		}
	}
	return nil
}

func (c control) Attach(r *fakesvcpb.AttachRequest, stream grpc.ServerStreamingServer[fakesvcpb.AttachResponse]) error {
	n, err := c.agent.joinBegun(stream.Context(), r.GetScenario())
	if err != nil {
		return err
	}
	defer n.attached.part()
	text, err := yaml.Marshal(n.task.Experiment)
	if err != nil {
		return status.Errorf(codes.Internal, "encode the experiment: %v", err)
	}
	begin := time.Unix(0, n.begins.Load())
	if err := stream.Send(&fakesvcpb.AttachResponse{Experiment: string(text), InNanos: int64(time.Until(begin))}); err != nil {
		return err
	}
	n.attached.begin()
	select {
	case <-stream.Context().Done():
	case <-c.agent.life.Done():
	}
	return nil
}

// joinBegun attaches the caller to the node that is of that scenario, and returns when
// its measured part has a beginning. Where it is ended before that, it is the next one.
func (a *Agent) joinBegun(ctx context.Context, scenario string) (*node, error) {
	for {
		var n *node
		err := until(ctx, func() bool {
			n = a.prepared(scenario)
			return n != nil && n.attached.join()
		})
		if err != nil {
			return nil, err
		}
		ended := false
		err = until(ctx, func() bool {
			select {
			case <-n.ended:
				ended = true
			default:
			}
			return ended || n.begins.Load() != 0
		})
		if err == nil && !ended {
			return n, nil
		}
		n.attached.part()
		if err != nil {
			return nil, err
		}
	}
}

// prepared returns the node if it is of that scenario, or nil.
func (a *Agent) prepared(scenario string) *node {
	n := a.node.Load()
	if n == nil || n.task.Scenario.Name != scenario {
		return nil
	}
	return n
}

func (c control) AwaitDrivers(ctx context.Context, r *fakesvcpb.AwaitDriversRequest) (*fakesvcpb.AwaitDriversResponse, error) {
	n, err := c.node(ctx)
	if err != nil {
		return nil, err
	}
	return &fakesvcpb.AwaitDriversResponse{}, until(ctx, func() bool {
		present, _ := n.attached.count()
		return int64(present) >= r.GetDrivers()
	})
}
