package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/scenarios"
)

// watching passes on to lag what the replicas make visible, at the driver's times.
type watching struct {
	nodes   *nodes
	lag     *load.Lag
	lost    *lostRows
	started time.Time
	ctx     context.Context
	stop    func()
	reading sync.WaitGroup
}

// watch returns when every host is watched.
func (n *nodes) watch(ctx context.Context, lag *load.Lag, lost *lostRows, begin time.Time) (*watching, error) {
	w := &watching{nodes: n, lag: lag, lost: lost, started: begin}
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithCancel(ctx)
	w.stop = func() {
		cancel()
		w.reading.Wait()
	}
	for _, c := range n.controls {
		if err := w.watch(c, false); err != nil {
			w.stop()
			return nil, err
		}
	}
	return w, nil
}

// Before keeps what a process has counted, for one that is killed keeps nothing.
func (w *watching) Before(ctx context.Context, address string) error {
	c := w.nodes.control(address)
	told, err := c.client.Statistics(ctx, &fakesvcpb.StatisticsRequest{})
	if err != nil {
		return fmt.Errorf("read the statistics of %s: %w", c.Process.Name, err)
	}
	told.Collections = nil // the next process has them
	c.earlier = append(c.earlier, told)
	return nil
}

// Again watches a process that was started anew, with all that its copies hold: what
// they made visible while nobody watched is seen now. It learns when the measured
// part began.
func (w *watching) Again(ctx context.Context, address string) error {
	c := w.nodes.control(address)
	return errors.Join(c.begin(ctx, w.started), w.watch(c, true))
}

func (w *watching) watch(c *control, all bool) error {
	stream, err := c.client.Watch(w.ctx, &fakesvcpb.WatchRequest{All: all})
	if err == nil {
		_, err = stream.Recv() // the empty first message: it watches
	}
	if err != nil {
		return fmt.Errorf("watch the copies of %s: %w", c.Process.Name, err)
	}
	w.reading.Go(func() {
		for {
			v, err := stream.Recv()
			if err != nil {
				return // the run is over, or the process; a new one is watched anew
			}
			if v.GetLost() {
				w.lost.add(scenarios.Copy{Consumer: v.GetConsumer(), Owner: v.GetService()}, v.GetKey())
				w.lag.Lost(v.GetConsumer(), v.GetService(), record.Key(v.GetKey()), v.GetVersion())
				continue
			}
			w.lag.Visible(v.GetConsumer(), v.GetService(), record.Key(v.GetKey()), v.GetVersion(), time.Since(w.started))
		}
	})
	return nil
}

// lostRows are the rows of copies that are not their owner's, since the event of a
// change is lost.
type lostRows struct {
	mu   sync.Mutex
	rows map[lostRow]struct{}
}

type lostRow struct {
	scenarios.Copy
	key uint64
}

func (l *lostRows) add(c scenarios.Copy, key uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows == nil {
		l.rows = make(map[lostRow]struct{})
	}
	l.rows[lostRow{c, key}] = struct{}{}
}

func (l *lostRows) has(c scenarios.Copy, key uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.rows[lostRow{c, key}]
	return ok
}
