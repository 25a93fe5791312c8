package result

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// output is what the flushing goroutine has to itself: what becomes of the
// seconds that are complete. Others read it after Close.
type output struct {
	log     *intervalLog // nil if none is written
	samples io.Writer    // nil if none are written
	files   files
	totals  [kinds]total
	scratch *hdrhistogram.Histogram
	series  []Second
	// Each is the first error of writing; it says nothing of the other file.
	logErr, samplesErr error
}

// files is what is closed with the recorder; each may be nil.
type files struct{ log, samples io.Closer }

func newOutput(o Options) output {
	out := output{samples: o.Samples, scratch: newHistogram()}
	if o.Log != nil {
		out.log = newIntervalLog(o.Log)
	}
	for k := range out.totals {
		out.totals[k] = newTotal()
	}
	return out
}

// startSweep has all lanes emptied.
func (r *Recorder) startSweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep = true
	r.startLocked()
}

// startLocked starts the flushing goroutine, unless it is at work. Close waits
// for it.
func (r *Recorder) startLocked() {
	if !r.flushing && !r.closed {
		r.flushing = true
		r.flushers.Go(r.flush)
	}
}

// flush gathers and writes until nothing is left to be.
func (r *Recorder) flush() {
	for sweep, ok := r.takeTurn(); ok; sweep, ok = r.takeTurn() {
		var batches []*batch
		// Before the lanes, which are emptied one by one while others go on: what was
		// due two seconds before the newest one of now is in them, or was.
		newest := r.newest.Load()
		if sweep {
			batches = r.drain(false)
		}
		// After the lanes, so that all that was told before the sweep is there.
		r.takeIn(append(r.takeFull(), batches...))
		if sweep {
			done := r.complete(int(newest))
			r.output.write(done, r.takeLines(), r.startedAt())
			r.free = append(r.free, done...)
		}
	}
}

// takeTurn tells whether there is something to do, and whether it is a sweep.
func (r *Recorder) takeTurn() (sweep, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.full) == 0 && !r.sweep {
		r.flushing = false
		return false, false
	}
	sweep, r.sweep = r.sweep, false
	return sweep, true
}

func (r *Recorder) takeFull() []*batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	full := r.full
	r.full = nil
	return full
}

// takeIn gathers batches, and keeps them to be used again.
func (r *Recorder) takeIn(batches []*batch) {
	r.mu.Lock()
	end := r.end
	r.mu.Unlock()
	r.gather(batches, end)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range batches {
		b.reset()
		r.spare = append(r.spare, b)
	}
}

func (r *Recorder) startedAt() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started
}

// write takes seconds into the summaries and writes all that is given. A file is
// left alone after its first error; the summaries stay whole.
func (o *output) write(seconds []*second, lines []byte, started time.Time) {
	for _, s := range seconds {
		o.writeSecond(s, started)
	}
	if o.log != nil && o.logErr == nil {
		o.logErr = o.log.flush()
	}
	if o.samples != nil && o.samplesErr == nil {
		if _, err := o.samples.Write(lines); err != nil {
			o.samplesErr = fmt.Errorf("write %s: %w", SamplesFile, err)
		}
	}
}

// writeSecond takes a second's distributions, one after the other, through the
// same histogram: into the totals, the log and the series.
func (o *output) writeSecond(s *second, started time.Time) {
	row := s.row()
	for k := range kinds {
		i := &s.intervals[k]
		if i.count == 0 {
			continue
		}
		i.fill(o.scratch)
		if k == Latency {
			row.P50, row.P99 = i.percentile(o.scratch, 0.5), i.percentile(o.scratch, 0.99)
		}
		if s.Second.Second < 0 {
			continue
		}
		o.totals[k].merge(i)
		if o.log != nil && o.logErr == nil {
			o.logErr = o.log.write(k, o.scratch, s.Second.Second, started)
		}
	}
	o.series = append(o.series, row)
}

// closeFiles gives a log of no interval its header, and closes what is open.
func (o *output) closeFiles(started time.Time) {
	if o.log != nil && o.logErr == nil {
		o.logErr = errors.Join(o.log.head(started), o.log.flush())
	}
	if o.files.log != nil {
		o.logErr = cmp.Or(o.logErr, o.files.log.Close())
	}
	if o.files.samples != nil {
		o.samplesErr = cmp.Or(o.samplesErr, o.files.samples.Close())
	}
}
