package result

import (
	"io"
	"time"
)

// output is what the flushing goroutine has to itself: what becomes of the
// seconds that are complete. Others read it after Close.
type output struct {
	log     *intervalLog // nil if none is written
	samples io.Writer    // nil if none are written
	files   []io.Closer
	totals  [kinds]total
	series  []Second
	err     error // the first one of writing
}

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

// write takes seconds into the summaries and writes all that is given. After an
// error it writes nothing more; the summaries stay whole.
func (o *output) write(seconds []*second, lines []byte, started time.Time) {
	for _, s := range seconds {
		o.series = append(o.series, s.row())
		if s.Second.Second < 0 {
			continue
		}
		for k := range s.intervals {
			o.totals[k].merge(&s.intervals[k])
		}
		if o.log != nil && o.err == nil {
			o.try(o.log.write(s, started))
		}
	}
	if o.log != nil && o.err == nil {
		o.try(o.log.flush())
	}
	if o.samples != nil && o.err == nil {
		_, err := o.samples.Write(lines)
		o.try(err)
	}
}

func (o *output) try(err error) {
	if o.err == nil {
		o.err = err
	}
}

func (o *output) closeFiles() {
	for _, f := range o.files {
		o.try(f.Close())
	}
}
