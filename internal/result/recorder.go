package result

import (
	"errors"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Options is where a Recorder writes while it records. Each may be nil: then
// it is not written.
type Options struct {
	// Log receives latency.hlog, the intervals of each second once it is complete.
	Log io.Writer
	// Samples receives samples.csv, a line per request.
	Samples io.Writer
}

// horizon is the seconds that may be open at once. It is the histograms' range: an
// answer that takes longer is counted as one that took that long anyhow.
const horizon = int(highest / int64(time.Second))

// Recorder turns requests into distributions and a series. All of its methods
// may be called from many goroutines at once, and none of them waits for another
// one: what is told goes into one of several lanes, whichever is free.
//
// A second stays open until everything that was due in it is complete, and so
// is written late rather than wrong: a request belongs to the second in which
// it was due, whenever its answer comes. The lanes are emptied each second, and
// when they are full, by a goroutine that runs only while there is something to
// do, so that neither counting nor compression nor a slow disk holds up a
// request. What is kept does not grow with the run but for the series.
type Recorder struct {
	lanes   []lane
	newest  atomic.Int64 // the newest second in which a request was due
	observe func(Row)    // may be nil

	mu       sync.Mutex
	closed   bool
	started  time.Time
	end      time.Duration // of the measured part
	full     []*batch      // of lanes, to be gathered
	sweep    bool          // all lanes are to be emptied
	spare    []*batch
	flushing bool // a goroutine of flushers is at work
	flushers sync.WaitGroup
	closing  sync.Once

	gathered
	output
}

// NewRecorder returns a Recorder. It must be closed.
func NewRecorder(o Options) *Recorder {
	r := &Recorder{lanes: newLanes(), end: math.MaxInt64}
	r.newest.Store(math.MinInt64)
	r.gathered = newGathered(o.Samples != nil)
	r.output = newOutput(o)
	return r
}

// Observe has fn called with each request that is complete, warm-up included, from
// many goroutines at once. It is called before the first one.
func (r *Recorder) Observe(fn func(Row)) { r.observe = fn }

// Begin tells when the measured part begins: the time that the times of all
// requests count from, and with it the base time of the log. Without it, before
// the first second is complete, the log's base time is 0.
func (r *Recorder) Begin(at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started = at
}

// End tells when the measured part ends: the rates leave out what is sent, and
// what succeeds, from then on. Without it, the measured part does not end.
func (r *Recorder) End(at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end = at
}

// Due notes that a request is due at a time. It is called for each request, in
// the order in which they are due but for less than a second, before its Add.
func (r *Recorder) Due(at time.Duration) { r.tally(secondOf(at), 1, 0) }

// Unsent notes that n requests were due in the second of a time, and that no row
// will come of them.
func (r *Recorder) Unsent(at time.Duration, n int64) { r.tally(secondOf(at), n, n) }

// Interrupted notes that no row will come of a request that was due in the second of a
// time, and told as Due.
func (r *Recorder) Interrupted(at time.Duration) { r.tally(secondOf(at), 0, 1) }

func (r *Recorder) tally(second int, due, given int64) {
	l := r.lane(uint64(second))
	if !l.closed {
		l.batch.tally(second, due, given)
	}
	l.mu.Unlock()
	for newest := r.newest.Load(); int64(second) > newest; newest = r.newest.Load() {
		if r.newest.CompareAndSwap(newest, int64(second)) {
			r.startSweep()
		}
	}
}

// Add records a request that is complete. After Close, it does nothing.
func (r *Recorder) Add(row Row) {
	if r.observe != nil {
		r.observe(row)
	}
	l := r.lane(uint64(row.ID))
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if l.batch.rows = append(l.batch.rows, row); len(l.batch.rows) == cap(l.batch.rows) {
		l.batch = r.exchange(l.batch)
	}
}

// AddLag records the replication lag of a change that became visible at a time.
// Changes that became visible in the warm-up are left out of the summary.
func (r *Recorder) AddLag(at, lag time.Duration) {
	l := r.lane(uint64(at))
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if l.batch.lags = append(l.batch.lags, lagged{at, lag}); len(l.batch.lags) >= batchRows {
		l.batch = r.exchange(l.batch)
	}
}

// Close completes the seconds that are still open, without waiting for their
// requests, and writes what is left. Its error says which files are not complete;
// what Fill fills in is complete all the same.
func (r *Recorder) Close() error {
	r.closing.Do(func() {
		r.mu.Lock()
		r.closed = true // from now on no flusher is started
		r.mu.Unlock()
		r.flushers.Wait()
		last := r.drain(true)
		r.takeIn(append(r.takeFull(), last...))
		r.output.write(r.rest(), r.takeLines(), r.started)
		r.closeFiles(r.started)
	})
	return errors.Join(r.logErr, r.samplesErr)
}
