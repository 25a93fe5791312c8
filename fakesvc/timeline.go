package fakesvc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
)

// act is a fault that a window says all about, as this host carries it out:
// begin takes something away and end gives it back. Both tell, with an error,
// that the host cannot go on.
type act struct {
	fault      fault.Fault
	begin, end func() error
	delivered  fault.Window // guarded by Host.mu
}

// turn is the beginning or the end of an act.
type turn struct {
	at    time.Duration
	act   *act
	begin bool
}

// performAll adds those of faults to the timeline that this host carries out: of its
// services, and of the bus where it has one. All are added before the host starts.
func (h *Host) performAll(faults fault.Faults) {
	for _, f := range faults.Windows() {
		if f.Target.Part == fault.Bus && h.bus == nil || f.Target.Part == fault.Service && !slices.Contains(h.services, f.Target.Service) {
			continue
		}
		if begin, end := f.Act(node{h}); begin != nil {
			h.acts = append(h.acts, &act{fault: f, begin: begin, end: end})
		}
	}
}

// node is a host as faults see it.
type node struct{ h *Host }

func done(what func()) error { what(); return nil }

func (n node) GoDown() error          { return n.h.goDown() }
func (n node) ComeUp() error          { return n.h.comeUp() }
func (n node) Freeze() error          { return done(n.h.frozen.close) }
func (n node) Thaw() error            { return done(n.h.frozen.open) }
func (n node) CutBus() error          { return done(n.h.wire.cut) }
func (n node) MendBus() error         { return done(n.h.wire.mend) }
func (n node) StallConsumers() error  { return done(n.h.stalled.close) }
func (n node) ResumeConsumers() error { return done(n.h.stalled.open) }
func (n node) LeaveGroups() error     { return done(n.h.rejoining.close) }
func (n node) JoinGroups() error      { return done(n.h.rejoining.open) }

// live runs the parts until ctx ends, and carries out the timeline. The windows
// of several services may overlap: the host is down while any acts.
func (h *Host) live(ctx context.Context) error {
	h.stop = h.up(ctx)
	h.upAgain = func() { h.stop = h.up(ctx) }
	begin, ok := h.awaitBegin(ctx)
	if !ok {
		return h.stop()
	}
	for _, t := range h.turns(time.Since(begin)) {
		if clock.Sleep(ctx, time.Until(begin.Add(t.at))) != nil {
			break
		}
		carryOut := t.act.end
		if t.begin {
			carryOut = t.act.begin
		}
		if err := carryOut(); err != nil {
			return err
		}
		h.mark(t, time.Since(begin))
	}
	<-ctx.Done()
	return h.stop()
}

// goDown ends the parts, and comeUp starts them again; only live calls them.
func (h *Host) goDown() error {
	if h.down++; h.down > 1 {
		return nil
	}
	err := h.stop()
	h.stop = func() error { return nil }
	return err
}

func (h *Host) comeUp() error {
	if h.down--; h.down == 0 {
		h.upAgain()
	}
	return nil
}

// up starts the parts. The function that it returns ends them, waits for them
// and tells what went wrong before.
func (h *Host) up(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range h.parts {
		taken := part.takes && h.mayTake()
		group.Go(func() error {
			if taken {
				defer h.taking.Done()
			}
			err := part.run(ctx)
			if err != nil && ctx.Err() == nil {
				h.fail(err)
				return err
			}
			return nil
		})
	}
	return func() error {
		cancel()
		return group.Wait()
	}
}

// mayTake counts one more part that takes work in, unless the host leaves: then it ends
// by itself, and nobody waits for it.
func (h *Host) mayTake() bool {
	h.entrance.Lock()
	defer h.entrance.Unlock()
	if h.leaving.Err() != nil {
		return false
	}
	h.taking.Add(1)
	return true
}

func (h *Host) fail(err error) {
	select {
	case h.failed <- err:
	default: // the first failure is the reason, the others follow from it
	}
}

// turns returns what is to be done from then on. A window that was over before, as
// for a process that was started again, is not caught up on.
func (h *Host) turns(now time.Duration) []turn {
	var turns []turn
	for _, a := range h.acts {
		if a.fault.Window.End() <= now {
			continue
		}
		turns = append(turns, turn{a.fault.Window.Start, a, true}, turn{a.fault.Window.End(), a, false})
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	return turns
}

func (h *Host) mark(t turn, at time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := &t.act.delivered
	if t.begin {
		w.Start = at
	} else {
		w.Length = at - w.Start
	}
}

func (h *Host) awaitBegin(ctx context.Context) (time.Time, bool) {
	select {
	case begin := <-h.begun:
		h.began.Store(&begin)
		return begin, true
	case <-ctx.Done():
		return time.Time{}, false
	}
}

// elapsed is the time since the start of the measured part; before the host knows
// of it, it is negative.
func (h *Host) elapsed() time.Duration {
	if begin := h.began.Load(); begin != nil {
		return time.Since(*begin)
	}
	return -1
}
