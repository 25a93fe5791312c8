package fakesvc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/setting"
)

// workers bounds what a service does at once. Those who find no worker wait for
// one in the order in which they came; where too many wait already, the service
// refuses. Without a bound it only counts nothing.
type workers struct {
	setting.Capacity
	service string
	free    *semaphore.Weighted
	waiting atomic.Int64
	refusal error // made once: under a load that is shed, most answers are this one

	mu       sync.Mutex
	arrived  int64
	refused  int64
	queued   int64
	longest  int64         // queue
	waitedIn time.Duration // sum
}

func newWorkers(service string, c setting.Capacity) *workers {
	return &workers{
		Capacity: c, service: service, free: semaphore.NewWeighted(int64(max(c.Workers, 1))),
		refusal: status.Errorf(codes.ResourceExhausted, "%s is at work on %d and has %d waiting", service, c.Workers, c.Queue),
	}
}

// take waits for a worker. The function that it returns frees the worker.
func (w *workers) take(ctx context.Context, counted bool) (release func(), err error) {
	if w.Workers == 0 {
		return func() {}, nil
	}
	w.count(counted, func() { w.arrived++ })
	if w.free.TryAcquire(1) {
		return func() { w.free.Release(1) }, nil
	}
	ahead := w.waiting.Add(1)
	defer w.waiting.Add(-1)
	if ahead > int64(w.Queue) {
		w.count(counted, func() { w.refused++ })
		return nil, w.refusal
	}
	since := time.Now()
	err = w.free.Acquire(ctx, 1)
	w.count(counted, func() {
		w.queued++
		w.longest = max(w.longest, ahead)
		w.waitedIn += time.Since(since)
	})
	if err != nil {
		s := status.FromContextError(ctx.Err())
		return nil, status.Errorf(s.Code(), "waiting for %s: %s", w.service, s.Message())
	}
	return func() { w.free.Release(1) }, nil
}

func (w *workers) count(counted bool, fn func()) {
	if !counted {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
}
