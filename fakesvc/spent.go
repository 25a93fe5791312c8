package fakesvc

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"crosstalk/internal/counts"
)

// Spent is where the time of one fetch went, from asking to having the answer.
// What a source does not do takes no time.
type Spent struct {
	LookUp  time.Duration // in a copy
	Call    time.Duration // on the way there and back, by a call
	Produce time.Duration // until the bus had acknowledged the query
	Wait    time.Duration // from then until the supplier had it
	Work    time.Duration // at the supplier, with all that it did for it
	Reply   time.Duration // from the supplier's answer until it was here
}

// total is how long the fetch took.
func (s Spent) total() time.Duration {
	return s.LookUp + s.Call + s.Produce + s.Wait + s.Work + s.Reply
}

type spentKey struct{}

// purse takes what the successful try of a fetch has spent. Tries can run at once.
type purse struct {
	mu    sync.Mutex
	spent Spent
}

// Spend notes where the time of the fetch went that ctx belongs to. A Source calls
// it when it has the answer.
func Spend(ctx context.Context, s Spent) {
	p, ok := ctx.Value(spentKey{}).(*purse)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent = s
}

// ledger sums up where the time of a node's queries went.
type ledger struct {
	queries atomic.Int64
	own     atomic.Int64 // nanoseconds, as all of these
	needs   struct{ lookUp, call, produce, wait, work, reply atomic.Int64 }
}

// enter adds a query that took so long, and of it what its slowest need has spent:
// the needs are fetched side by side, so that is what the query waited for.
func (l *ledger) enter(took time.Duration, slowest Spent) {
	l.queries.Add(1)
	l.own.Add(int64(max(took-slowest.total(), 0)))
	l.needs.lookUp.Add(int64(slowest.LookUp))
	l.needs.call.Add(int64(slowest.Call))
	l.needs.produce.Add(int64(slowest.Produce))
	l.needs.wait.Add(int64(slowest.Wait))
	l.needs.work.Add(int64(slowest.Work))
	l.needs.reply.Add(int64(slowest.Reply))
}

func sumOf(all []Spent) Spent {
	var sum Spent
	for _, s := range all {
		sum.LookUp += s.LookUp
		sum.Call += s.Call
		sum.Produce += s.Produce
		sum.Wait += s.Wait
		sum.Work += s.Work
		sum.Reply += s.Reply
	}
	return sum
}

func slowestOf(all []Spent) Spent {
	var slowest Spent
	for _, s := range all {
		if s.total() > slowest.total() {
			slowest = s
		}
	}
	return slowest
}

// stages tells where the time of the service's queries went, in the order of the way.
func (l *ledger) stages(service string) []counts.Stage {
	n := &l.needs
	at := func(name string, sum *atomic.Int64) counts.Stage {
		return counts.Stage{Service: service, Name: name, Queries: l.queries.Load(), Seconds: time.Duration(sum.Load()).Seconds()}
	}
	return []counts.Stage{
		at("own work", &l.own), at("look-up in its copy", &n.lookUp), at("call", &n.call),
		at("produce", &n.produce), at("consumer wait", &n.wait), at("supplier's work", &n.work), at("reply", &n.reply),
	}
}
