package result

import (
	"runtime"
	"sync"
	"time"
)

// batchRows is how many requests a lane holds before it is emptied.
const batchRows = 128

// lane takes what is told to a Recorder until it is gathered.
type lane struct {
	mu     sync.Mutex
	closed bool
	batch  *batch
	_      [104]byte // no two lanes share a cache line, nor a pair that is fetched together
}

// batch is what a lane holds.
type batch struct {
	rows []Row
	dues []dues
	lags []lagged
}

// dues is requests that were due in a second, and how many of them are given up.
type dues struct {
	second     int
	due, given int64
}

// lagged is a change that became visible at a time, and its lag.
type lagged struct{ at, lag time.Duration }

func newLanes() []lane {
	// More than can be in use at once, so that one is free at the first try or two;
	// a power of two.
	n := 4
	for n < 4*runtime.GOMAXPROCS(0) {
		n *= 2
	}
	lanes := make([]lane, n)
	for i := range lanes {
		lanes[i].batch = newBatch()
	}
	return lanes
}

func newBatch() *batch { return &batch{rows: make([]Row, 0, batchRows)} }

func (b *batch) tally(second int, due, given int64) {
	if last := len(b.dues) - 1; last >= 0 && b.dues[last].second == second {
		b.dues[last].due += due
		b.dues[last].given += given
		return
	}
	b.dues = append(b.dues, dues{second, due, given})
}

func (b *batch) empty() bool { return len(b.rows)+len(b.dues)+len(b.lags) == 0 }

func (b *batch) reset() { b.rows, b.dues, b.lags = b.rows[:0], b.dues[:0], b.lags[:0] }

// lane returns one that is free, locked. It never waits for one that is not. Those
// who come at the same time should bring different numbers.
func (r *Recorder) lane(number uint64) *lane {
	for i := number; ; i++ {
		if l := &r.lanes[i&uint64(len(r.lanes)-1)]; l.mu.TryLock() {
			return l
		}
	}
}

// exchange has a lane's batch gathered, and returns an empty one. The lane is
// locked by the caller.
func (r *Recorder) exchange(b *batch) *batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.full = append(r.full, b)
	r.startLocked()
	return r.emptyLocked()
}

func (r *Recorder) emptyLocked() *batch {
	last := len(r.spare) - 1
	if last < 0 {
		return newBatch()
	}
	b := r.spare[last]
	r.spare = r.spare[:last]
	return b
}

// drain takes what all lanes hold, and closes them or not.
func (r *Recorder) drain(closing bool) []*batch {
	var out []*batch
	for i := range r.lanes {
		l := &r.lanes[i]
		l.mu.Lock()
		l.closed = closing
		if !l.batch.empty() {
			out = append(out, l.batch)
			r.mu.Lock()
			l.batch = r.emptyLocked()
			r.mu.Unlock()
		}
		l.mu.Unlock()
	}
	return out
}
