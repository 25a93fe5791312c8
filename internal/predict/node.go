package predict

import (
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/record"
)

// process is what services share their fate with.
type process struct {
	frozen windows
	away   windows
	lanes  []*lane // that it reads
	// publishes is when it can publish again.
	publishes time.Duration
	relays    []*relay
	// living are the visits from elsewhere that are under way, if anything will
	// ever cut them off, and else nil.
	living map[*visit]struct{}
}

// node is a service in the simulation.
type node struct {
	*service
	process  *process
	boundary *fault.Boundary
	own      []*fault.Boundary // that a look-up of its own records passes
	needs    []*edge
	poison   *fault.Line // of its events; nil where none is
	queries  *lane       // to it
	replies  *lane       // to it
	relay    *relay      // of its changes; nil where nobody keeps a copy

	// Of its workers:
	busy  int
	queue []*visit
	// waiting counts those in queue that are not over.
	waiting int
	// givenUp tells that somebody gave up waiting for it, or being served.
	givenUp bool
}

// edge is a need in the simulation.
type edge struct {
	need
	consumer *node
	supplier *node
	wire     *wire             // of a call
	copy     *replica          // of a copy
	reads    []*fault.Boundary // that a look-up in it passes
	tries    int64

	circuit *policy.Circuit
	tokens  *policy.Tokens
	moving  *movingQuantile
	known   map[record.Key]age // the answers that the fallback knows, by key
}

// take waits for a worker of v's node, and then has v go on.
func (n *node) take(v *visit) {
	switch {
	case n.capacity.Workers == 0:
		v.pass()
	case n.busy < n.capacity.Workers:
		n.busy++
		v.worker = true
		v.pass()
	case n.waiting >= n.capacity.Queue:
		v.end(codes.ResourceExhausted)
	default:
		n.waiting++
		v.queued = true
		n.queue = append(n.queue, v)
		v.sim.planStep(v.deadline, v, func(v *visit) {
			if v.queued {
				v.end(codes.DeadlineExceeded)
			}
		})
	}
}

// free gives the worker to the one that waits longest.
func (n *node) free() {
	for len(n.queue) > 0 {
		v := n.queue[0]
		n.queue[0] = nil
		n.queue = n.queue[1:]
		if v.over {
			continue
		}
		n.waiting--
		v.queued, v.worker = false, true
		v.pass()
		return
	}
	n.busy--
}

// wire is the gRPC connection of a caller to a service. An outage breaks it, and
// the next call finds out; from then on it tries to connect again, without jitter.
type wire struct {
	away    windows
	checked time.Duration
	broken  bool
	tried   bool
	backoff time.Duration
	retryAt time.Duration
}

// up reports whether a call at now gets through.
func (w *wire) up(now time.Duration) bool {
	if len(w.away) == 0 {
		return true
	}
	for _, o := range w.away {
		if w.checked < o.Start && o.Start <= now {
			w.broken, w.tried = true, false
		}
	}
	w.checked = max(w.checked, now)
	if !w.broken {
		return true
	}
	if !w.tried {
		w.tried, w.backoff, w.retryAt = true, clock.ReconnectFrom, now
	}
	for w.broken && w.retryAt <= now {
		if w.away.until(w.retryAt) == w.retryAt {
			w.broken = false
			continue
		}
		w.retryAt += w.backoff
		w.backoff = min(time.Duration(float64(w.backoff)*clock.ReconnectFactor), clock.ReconnectUpTo)
	}
	return !w.broken
}
