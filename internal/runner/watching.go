package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/fault"
	"crosstalk/internal/impact"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/scenarios"
)

// watching passes on to lag what the replicas make visible, at the driver's times.
type watching struct {
	impact  *impact.Tracker
	nodes   *nodes
	lag     *load.Lag
	applied *applications
	started time.Time
	// forgets tells whether a process keeps nothing when it dies.
	forgets func(c *control) bool
	// restarted is told of each service whose process was started anew.
	restarted func(service string)
	ctx       context.Context
	// stop ends it. As long as it goes on, a node is this run's: another driver would
	// take it, and with it what it has counted.
	stop    func()
	reading sync.WaitGroup

	hearing sync.RWMutex // held to read while something is passed on
	isDeaf  bool
}

// deafen has nothing more passed on.
func (w *watching) deafen() {
	w.hearing.Lock()
	defer w.hearing.Unlock()
	w.isDeaf = true
}

// watch returns when every host is watched, which goes on after the end of ctx.
func (n *nodes) watch(ctx context.Context, lag *load.Lag, applied *applications, begin time.Time) (*watching, error) {
	w := &watching{nodes: n, lag: lag, applied: applied, started: begin}
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.stop = func() {
		cancel()
		w.reading.Wait()
	}
	for _, c := range n.controls {
		if err := w.watch(ctx, c, false); err != nil {
			w.stop()
			return nil, err
		}
	}
	return w, nil
}

// Before keeps what a process has counted, for one that is killed keeps nothing.
func (w *watching) Before(ctx context.Context, address string) error {
	c := w.nodes.control(address)
	ctx, cancel := c.beat.within(ctx, statisticsLimit)
	defer cancel()
	told, err := c.client.Statistics(ctx, false)
	if err != nil {
		return fmt.Errorf("read the statistics of %s: %w", c.Process.Name, err)
	}
	told.Collections = nil // the next process has them
	c.earlier = append(c.earlier, told)
	return nil
}

// Signals has the impact counted from when it begins.
func (w *watching) Signals(window fault.Window, at time.Duration) { w.impact.Began(window, at) }

// Again watches a process that was started anew, with all that its copies hold: what
// they made visible while nobody watched is seen now. It learns when the measured
// part began.
func (w *watching) Again(ctx context.Context, address string) error {
	c := w.nodes.control(address)
	if w.forgets(c) {
		w.applied.forget(c)
	}
	for _, s := range c.Process.Services {
		w.restarted(s.Name)
	}
	// A call meanwhile may have found nobody, and the connection then pauses.
	if err := c.client.Connected(ctx); err != nil {
		return err
	}
	return errors.Join(c.begin(ctx, w.started), w.watch(ctx, c, true))
}

func (w *watching) watch(ctx context.Context, c *control, all bool) error {
	watching, cut := context.WithCancel(w.ctx)
	beginning := context.AfterFunc(ctx, cut)
	stream, err := c.client.Watch(watching, &fakesvcpb.WatchRequest{All: all})
	if err == nil {
		_, err = stream.Recv() // the empty first message: it watches
	}
	beginning()
	if err != nil {
		cut()
		return fmt.Errorf("watch the copies of %s: %w", c.Process.Name, err)
	}
	w.reading.Go(func() {
		defer cut()
		for {
			v, err := stream.Recv()
			if err != nil {
				return // the run is over, or the process; a new one is watched anew
			}
			w.passOn(c, v)
		}
	})
	return nil
}

func (w *watching) passOn(c *control, v *fakesvcpb.WatchResponse) {
	w.hearing.RLock()
	defer w.hearing.RUnlock()
	if w.isDeaf {
		return
	}
	if v.GetLost() {
		w.lag.Lost(c.replica(v.GetConsumer()), v.GetService(), record.Key(v.GetKey()), v.GetVersion())
		return
	}
	if !v.GetHeld() {
		w.applied.add(c, v)
	}
	w.lag.Visible(c.replica(v.GetConsumer()), v.GetService(), record.Key(v.GetKey()), v.GetVersion(), time.Since(w.started))
}

// copiedRow is a row of a copy.
type copiedRow struct {
	scenarios.Copy
	key uint64
}

// applications counts the changes that a copy has applied again: its law is that each
// is applied once, in the order of its key's versions, whatever dies meanwhile.
type applications struct {
	mu    sync.Mutex
	last  map[applied]uint64
	again int64
}

// applied is a row of one process's copy.
type applied struct {
	control *control
	row     copiedRow
}

func (a *applications) add(c *control, v *fakesvcpb.WatchResponse) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = make(map[applied]uint64)
	}
	row := applied{c, copiedRow{scenarios.Copy{Consumer: v.GetConsumer(), Owner: v.GetService()}, v.GetKey()}}
	if v.GetVersion() <= a.last[row] {
		a.again++
		return
	}
	a.last[row] = v.GetVersion()
}

// forget is told of a process whose copies begin from nothing again.
func (a *applications) forget(c *control) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.last, func(row applied, _ uint64) bool { return row.control == c })
}

func (a *applications) count() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.again
}
