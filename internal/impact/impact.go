// Package impact tells what the callers felt of each window of faults.
//
// Its law: what is felt is held against the same run without a fault, the
// requests that were due before the first window, and is called a difference only
// where chance makes it unlikely. What it keeps grows with the windows, and not
// with the run.
package impact

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"crosstalk/internal/counts"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

const (
	// before is how long a stretch ahead of the first window is the baseline.
	before = 5 * time.Second
	// after is for how long behind a window the recovery is looked for, unless the
	// next one begins earlier.
	after = 10 * time.Second
	// bucket is the resolution of the recovery's search.
	bucket = 100 * time.Millisecond
	// unlikely is the chance below which a bucket counts as not back to normal.
	unlikely = 1e-3
)

// Tracker gathers what the windows need. It is safe for concurrent use.
type Tracker struct {
	windows []window

	mu   sync.Mutex
	rows []row
	last time.Duration // when the last request was due: behind it nothing is seen
}

type window struct {
	fault.Window
	faults []string
	until  time.Duration // the end of the search for the recovery
	drain  time.Duration

	began         time.Duration // when it really did
	underWay, cut int64
}

type row struct {
	due, latency, age time.Duration
	failed, stale     bool
}

// New returns a tracker for the windows of faults. Faults that share a window
// count as one.
func New(faults fault.Faults) *Tracker {
	t := &Tracker{}
	for _, f := range faults {
		if f.Window.Always() {
			continue
		}
		i := t.index(f.Window)
		if i < 0 {
			t.windows = append(t.windows, window{Window: f.Window, faults: []string{f.String()}, began: f.Window.Start})
			continue
		}
		t.windows[i].faults = append(t.windows[i].faults, f.String())
	}
	slices.SortStableFunc(t.windows, func(a, b window) int { return cmp.Compare(a.Start, b.Start) })
	for i := range t.windows {
		t.windows[i].until = t.windows[i].End() + after
		for _, next := range t.windows[i+1:] {
			if next.Start >= t.windows[i].End() {
				t.windows[i].until = min(t.windows[i].until, next.Start)
				break
			}
		}
	}
	return t
}

func (t *Tracker) index(of fault.Window) int {
	return slices.IndexFunc(t.windows, func(w window) bool { return w.Window == of })
}

// Began notes when the faults of a window really began, which decides what they cut.
// It is called before they have.
func (t *Tracker) Began(w fault.Window, at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := t.index(w); i >= 0 {
		t.windows[i].began, t.windows[i].underWay, t.windows[i].cut = at, 0, 0
	}
}

// Add notes a request that is complete.
func (t *Tracker) Add(r result.Row) {
	t.note(r)
	if !t.wants(r.Due) {
		return
	}
	kept := row{
		due: r.Due, latency: r.Done - r.Due, failed: r.Code != codes.OK,
		age: r.Staleness, stale: r.Judgement == result.Stale,
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, kept)
}

// note counts a request with the windows that began while it was under way, and with
// what is seen.
func (t *Tracker) note(r result.Row) {
	if len(t.windows) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = max(t.last, r.Due)
	for i := range t.windows {
		w := &t.windows[i]
		if r.Sent >= w.began || r.Done < w.began {
			continue
		}
		w.underWay++
		if r.Code != codes.OK {
			w.cut++
		}
	}
}

func (t *Tracker) wants(due time.Duration) bool {
	if len(t.windows) == 0 || due < t.windows[0].Start-before {
		return false
	}
	if due < t.windows[0].Start {
		return true
	}
	for i := range t.windows {
		w := &t.windows[i] // no copy of it: its drain is written meanwhile
		if w.Start <= due && due < w.until {
			return true
		}
	}
	return false
}

// AddLag notes that a change became visible at a time, and its lag.
func (t *Tracker) AddLag(at, lag time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.windows {
		w := &t.windows[i]
		if acknowledged := at - lag; acknowledged < w.End() && at > w.End() {
			w.drain = max(w.drain, at-w.End())
		}
	}
}

// Impacts returns what was felt of each window, in the order of their starts.
// unseen is when the oldest change was acknowledged that is not visible in every
// replica; it is not ok where there is none.
func (t *Tracker) Impacts(unseen time.Duration, ok bool) []result.Impact {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.rows, func(a, b row) int { return cmp.Compare(a.due, b.due) })
	var out []result.Impact
	if len(t.windows) == 0 {
		return out
	}
	normal := baselineOf(between(t.rows, t.windows[0].Start-before, t.windows[0].Start))
	for _, w := range t.windows {
		impact := normal.held(between(t.rows, w.Start, w.End()))
		impact.Faults = w.faults
		impact.UnderWay, impact.Cut = w.underWay, w.cut
		impact.Window = counts.Window{StartSeconds: w.Start.Seconds(), LengthSeconds: w.Length.Seconds()}
		behind := normal.seen(between(t.rows, w.End(), w.until), w.until)
		recovery, recovered := normal.recovery(behind, w.End(), min(w.until, t.last+1))
		impact.Recovery, impact.Recovered = recovery.Seconds(), recovered
		impact.Drain, impact.Drained = w.drain.Seconds(), !ok || unseen >= w.End()
		out = append(out, impact)
	}
	return out
}

// between returns the rows that were due from a moment on and before another.
func between(rows []row, from, to time.Duration) []row {
	at := func(moment time.Duration) int {
		i, _ := slices.BinarySearchFunc(rows, moment, func(r row, m time.Duration) int {
			if r.due < m {
				return -1
			}
			return 1
		})
		return i
	}
	return rows[at(from):max(at(from), at(to))]
}

// baseline is what requests are like without a fault.
type baseline struct {
	n      int64
	errors result.Interval
	p99    float64
	bounds *result.Bounds // of p99
	stale  float64
	slow   float64 // the share of them that p99 may well be exceeded by
}

func baselineOf(rows []row) baseline {
	s := summaryOf(rows)
	_, slow := stats.Wilson(int64(math.Ceil(0.01*float64(s.succeeded))), s.succeeded)
	p99, bounds := s.p99()
	return baseline{n: int64(len(rows)), errors: s.errorRate(), p99: p99, bounds: bounds, stale: s.staleShare(), slow: slow}
}

// held holds the rows of a window against the baseline.
func (b baseline) held(rows []row) result.Impact {
	s := summaryOf(rows)
	p99, bounds := s.p99()
	return result.Impact{
		Requests: int64(len(rows)), BaselineRequests: b.n, ErrorRate: s.errorRate(), BaselineErrorRate: b.errors,
		P99: p99, P99Bounds: bounds, BaselineP99: b.p99, BaselineP99Bounds: b.bounds, SlowShare: s.above(b.p99),
		StaleShare: s.staleShare(), BaselineStaleShare: b.stale, MaxStaleness: s.oldest.Seconds(),
	}
}

// seen returns what a moment knows of the rows that were due before it. Of a
// request that was under way, that is how long it had taken; where others take as
// long, it is nothing. What came of it may be the next window's work.
func (b baseline) seen(rows []row, moment time.Duration) []row {
	var out []row
	for _, r := range rows {
		if sofar := moment - r.due; r.latency >= sofar {
			if sofar.Seconds() <= b.p99 {
				continue
			}
			r.latency, r.failed = sofar, false
		}
		out = append(out, r)
	}
	return out
}

// recovery returns how long after end requests were still hit: until the last one
// that failed, or took longer than the baseline's p99, in a stretch where there
// are more of those than chance makes likely. A stretch is a bucket, or as many as it
// takes for enough requests to tell. It is not ok where that goes on until the search
// ends, or too little is seen behind it: two buckets are to be back to normal.
func (b baseline) recovery(rows []row, end, until time.Duration) (_ time.Duration, ok bool) {
	enough := b.enough()
	if enough == 0 {
		return 0, false
	}
	last, quiet := end, time.Duration(0)
	for from, to := end, end+bucket; to <= until; to += bucket {
		stretch := between(rows, from, to)
		if len(stretch) < enough {
			continue
		}
		if hit, abnormal := b.abnormal(stretch); abnormal {
			last, quiet = hit, 0
		} else {
			quiet += to - from
		}
		from = to
	}
	return last - end, quiet >= 2*bucket
}

// enough is how many requests tell that there are more failures, or more slow ones, than
// chance makes likely, if all of them are; 0 where none do, for want of a baseline.
func (b baseline) enough() int {
	if b.p99 == 0 || b.errors.High >= 1 || b.slow >= 1 {
		return 0
	}
	return int(math.Ceil(math.Log(unlikely) / math.Log(max(b.errors.High, b.slow))))
}

// abnormal tells whether a bucket is not back to normal, and when the last
// request was due that was hit.
func (b baseline) abnormal(rows []row) (last time.Duration, _ bool) {
	var failed, slow, succeeded int64
	for _, r := range rows {
		switch {
		case r.failed:
			failed++
			last = r.due
		case r.latency.Seconds() > b.p99:
			slow++
			succeeded++
			last = r.due
		default:
			succeeded++
		}
	}
	errors := failed > 0 && stats.BinomialTail(failed, int64(len(rows)), b.errors.High) < unlikely
	delays := slow > 0 && stats.BinomialTail(slow, succeeded, b.slow) < unlikely
	return last, errors || delays
}
