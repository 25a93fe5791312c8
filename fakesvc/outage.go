package fakesvc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"crosstalk/internal/clock"
)

// turn is the beginning or the end of one of the host's outages.
type turn struct {
	at     time.Duration
	outage int
	down   bool
}

// live runs the parts until ctx ends, and keeps them down during the outages.
// The windows of several services may overlap: the host is down while any acts.
func (h *Host) live(ctx context.Context) error {
	stop := h.up(ctx)
	begin, ok := h.awaitBegin(ctx)
	if !ok {
		return stop()
	}
	down := 0
	for _, t := range h.turns() {
		if clock.Sleep(ctx, time.Until(begin.Add(t.at))) != nil {
			break
		}
		if t.down {
			if down++; down == 1 {
				if err := stop(); err != nil {
					return err
				}
				stop = func() error { return nil }
			}
		} else if down--; down == 0 {
			stop = h.up(ctx)
		}
		h.markTurn(t, time.Since(begin))
	}
	<-ctx.Done()
	return stop()
}

// up starts the parts. The function that it returns ends them, waits for them
// and tells what went wrong before.
func (h *Host) up(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range h.parts {
		group.Go(func() error {
			err := part(ctx)
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

func (h *Host) fail(err error) {
	select {
	case h.failed <- err:
	default: // the first failure is the reason, the others follow from it
	}
}

func (h *Host) turns() []turn {
	var turns []turn
	for i, o := range h.outages {
		turns = append(turns, turn{o.Start, i, true}, turn{o.Start + o.Length, i, false})
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	return turns
}

func (h *Host) markTurn(t turn, at time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := &h.delivered[t.outage]
	if t.down {
		w.Start = at
	} else {
		w.Length = at - w.Start
	}
}

func (h *Host) awaitBegin(ctx context.Context) (time.Time, bool) {
	select {
	case begin := <-h.begun:
		return begin, true
	case <-ctx.Done():
		return time.Time{}, false
	}
}
