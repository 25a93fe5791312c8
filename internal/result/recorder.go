package result

import (
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
)

// Options is where a Recorder writes while it records. Each may be nil: then
// it is not written.
type Options struct {
	// Log receives latency.hlog, the intervals of each second once it is complete.
	Log io.Writer
	// Samples receives samples.csv, a line per request.
	Samples io.Writer
}

// Bounds on what a Recorder keeps.
const (
	// horizon is the seconds that may be open at once. It is the histograms' range:
	// an answer that takes longer is counted as one that took that long anyhow.
	horizon = int(highest / int64(time.Second))
	// samplesBuffer is the bytes of samples.csv that are gathered before a write.
	samplesBuffer = 32 << 10
)

// Recorder turns requests into distributions and a series. All of its methods
// may be called from many goroutines at once.
//
// A second stays open until everything that was due in it is complete, and so
// is written late rather than wrong: a request belongs to the second in which
// it was due, whenever its answer comes. Seconds are completed in order, by a
// goroutine that runs only while there is something to write, so that neither
// compression nor a slow disk holds up a request. What is kept does not grow
// with the run but for the series.
type Recorder struct {
	mu     sync.Mutex
	closed bool
	// open are the seconds from oldest on, without gaps.
	open    []*second
	oldest  int
	begun   bool
	newest  int // the newest second in which a request was due
	free    []*second
	made    int // seconds there are in all, to be reused
	started time.Time

	end              time.Duration // of the measured part
	measured, warmUp Counts
	within           traffic
	answers          Answers
	failures         map[codes.Code]int64

	ready    []*second // complete, to be written
	lines    []byte    // of samples.csv, to be written
	spare    []byte    // the buffer that lines is swapped with
	sampling bool

	flushing bool // a goroutine of flushers is at work
	flushers sync.WaitGroup
	closing  sync.Once
	observe  func(Row) // may be nil
	output
}

// traffic is what passed within the measured part, whenever it was due.
type traffic struct{ sent, succeeded int64 }

// NewRecorder returns a Recorder. It must be closed.
func NewRecorder(o Options) *Recorder {
	r := &Recorder{failures: make(map[codes.Code]int64), sampling: o.Samples != nil, end: math.MaxInt64}
	r.output = newOutput(o)
	if r.sampling {
		r.lines = append(r.lines, samplesHeader...)
	}
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
func (r *Recorder) Due(at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.countsAt(at).Due++
	if s := r.at(at); s != nil {
		s.Due++
		r.newest = max(r.newest, s.Second.Second)
	}
	r.complete()
}

// Unsent notes that n requests were due in the second of a time, and that no row
// will come of them.
func (r *Recorder) Unsent(at time.Duration, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.countsAt(at).Due += n
	if s := r.at(at); s != nil {
		s.Due += n
		s.done += n
		r.newest = max(r.newest, s.Second.Second)
	}
	r.complete()
}

// Add records a request that is complete. After Close, it does nothing.
func (r *Recorder) Add(row Row) {
	if r.observe != nil {
		r.observe(row)
	}
	var space [160]byte
	var line []byte
	if r.sampling {
		line = row.appendCSV(space[:0])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.lines = append(r.lines, line...)
	r.count(row)
	if s := r.at(row.Due); s != nil {
		s.add(row)
	}
	r.complete()
}

// AddLag records the replication lag of a change that became visible at a time.
// Changes that became visible in the warm-up are left out of the summary.
func (r *Recorder) AddLag(at, lag time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if s := r.at(at); s != nil {
		s.intervals[replicationLag].add(lag)
	}
}

// Close completes the seconds that are still open, without waiting for their
// requests, and writes what is left. Its error says which files are not complete;
// what Fill fills in is complete all the same.
func (r *Recorder) Close() error {
	r.closing.Do(func() {
		r.mu.Lock()
		r.closed = true
		r.ready = append(r.ready, r.open...)
		r.open = nil
		r.flushLocked()
		r.mu.Unlock()
		r.flushers.Wait()
		r.closeFiles(r.started)
	})
	return errors.Join(r.logErr, r.samplesErr)
}

// at returns the second for a time, opening it and all before it. What comes
// after its second was completed, and that takes a delay of over a second that
// no request accounts for, goes with the oldest one open; but what belongs to
// the warm-up never goes with the measured part: then it returns nil.
func (r *Recorder) at(t time.Duration) *second {
	number := secondOf(t)
	if !r.begun {
		r.begun, r.oldest, r.newest = true, number, number
	}
	if number < 0 && r.oldest >= 0 {
		return nil
	}
	number = max(number, r.oldest)
	for next := r.oldest + len(r.open); next <= number; next++ {
		r.open = append(r.open, r.take(next))
	}
	return r.open[number-r.oldest]
}

// take returns an empty second.
func (r *Recorder) take(number int) *second {
	var s *second
	if last := len(r.free) - 1; last >= 0 {
		s, r.free = r.free[last], r.free[:last]
	} else {
		s = &second{}
		r.made++
	}
	s.reset(number)
	return s
}

// complete hands on the oldest seconds that nothing more is to come for. One
// second is left in between, for the requests of a closed loop and for lags,
// whose times can be told a little out of order.
func (r *Recorder) complete() {
	for len(r.open) > 0 && r.newest-r.oldest >= 2 &&
		(r.open[0].complete() || r.newest-r.oldest > horizon) {
		r.ready = append(r.ready, r.open[0])
		r.open[0] = nil
		r.open = r.open[1:]
		r.oldest++
	}
	if len(r.ready) > 0 || len(r.lines) > samplesBuffer {
		r.flushLocked()
	}
}

func (r *Recorder) countsAt(due time.Duration) *Counts {
	if due < 0 {
		return &r.warmUp
	}
	return &r.measured
}

func (r *Recorder) count(row Row) {
	c := r.countsAt(row.Due)
	c.Sent++
	if row.Code == codes.OK {
		c.Succeeded++
	} else {
		c.Failed++
	}
	if r.isMeasured(row.Sent) {
		r.within.sent++
	}
	if row.Code == codes.OK && r.isMeasured(row.Done) {
		r.within.succeeded++
	}
	if row.Due < 0 {
		return
	}
	if row.Code != codes.OK {
		r.failures[row.Code]++
	}
	r.answers.count(row.Judgement)
}

func (r *Recorder) isMeasured(at time.Duration) bool { return at >= 0 && at < r.end }
