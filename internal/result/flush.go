package result

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"time"
)

// output is what the flushing goroutine has to itself: what becomes of the
// seconds that are complete. Others read it after Close.
type output struct {
	log     *intervalLog // nil if none is written
	samples io.Writer    // nil if none are written
	files   files
	totals  [kinds]total
	series  []Second
	// Each is the first error of writing; it says nothing of the other file.
	logErr, samplesErr error
}

// files is what is closed with the recorder; each may be nil.
type files struct{ log, samples io.Closer }

func newOutput(o Options) output {
	out := output{samples: o.Samples}
	if o.Log != nil {
		out.log = newIntervalLog(o.Log)
	}
	for k := range out.totals {
		out.totals[k] = newTotal()
	}
	return out
}

// flushLocked starts the flushing goroutine, unless it is at work. Close waits
// for it.
func (r *Recorder) flushLocked() {
	if !r.flushing {
		r.flushing = true
		r.flushers.Go(r.flush)
	}
}

// flush writes until nothing is left to be written.
func (r *Recorder) flush() {
	for {
		seconds, lines, started, ok := r.takeReady()
		if !ok {
			return
		}
		r.output.write(seconds, lines, started)
		r.release(seconds, lines)
	}
}

func (r *Recorder) takeReady() (seconds []*second, lines []byte, started time.Time, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ready) == 0 && len(r.lines) == 0 {
		r.flushing = false
		return nil, nil, time.Time{}, false
	}
	seconds, r.ready = r.ready, nil
	lines, r.lines, r.spare = r.lines, r.spare, nil
	return seconds, lines, r.started, true
}

func (r *Recorder) release(seconds []*second, lines []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free = append(r.free, seconds...)
	r.spare = lines[:0]
}

// write takes seconds into the summaries and writes all that is given. A file is
// left alone after its first error; the summaries stay whole.
func (o *output) write(seconds []*second, lines []byte, started time.Time) {
	for _, s := range seconds {
		o.series = append(o.series, s.row())
		if s.Second.Second < 0 {
			continue
		}
		for k := range s.intervals {
			o.totals[k].merge(&s.intervals[k])
		}
		if o.log != nil && o.logErr == nil {
			o.logErr = o.log.write(s, started)
		}
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
