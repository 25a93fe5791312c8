package result

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// EachInterval reads the latency.hlog of a run and calls fn with each of its
// intervals: the distribution of one kind in one second of the measured part. The
// kinds are latency, service, failed, lateness, staleness, lag and handling, as in the log.
// The histogram is fn's to keep.
func EachInterval(dir string, run *Run, fn func(second int, kind string, h *hdrhistogram.Histogram)) error {
	path := filepath.Join(dir, LogFile)
	f, err := openFile(path, unbounded)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := eachInterval(f, run, fn); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func eachInterval(from io.Reader, run *Run, fn func(second int, kind string, h *hdrhistogram.Histogram)) error {
	intervals := hdrhistogram.NewHistogramLogReader(&lineReader{from: from})
	for n := 1; ; n++ {
		h, err := intervals.NextIntervalHistogram()
		if err != nil {
			return fmt.Errorf("interval %d: %w", n, err)
		}
		if h == nil {
			return nil
		}
		second := int(math.Round(float64(h.StartTimeMs()-run.Started.UnixMilli()) / 1000))
		if second < -1 || second >= run.Covered() { // -1: what is rounded down
			return fmt.Errorf("interval %d: it is of second %d, and %s says at most %d", n, second, RunFile, run.Covered()-1)
		}
		fn(second, h.Tag(), h)
	}
}

// Part is a run that is joined with others: its folder, what stands in it, and
// which second of the joint run its second 0 is.
type Part struct {
	Dir   string
	Run   *Run
	Begin int
}

// Join adds up the distributions of runs, second by second. It writes latency.hlog
// and fills the quantiles and the series of run, whose Started is set before. The
// smallest and the largest value and the mean are exact, as those of the parts
// are. The seconds of the warm-up are left out: the log does not have them.
func (f *Folder) Join(run *Run, parts []Part) error {
	seconds, err := joinSeconds(parts)
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(f.dir, LogFile))
	if err != nil {
		return err
	}
	out := newOutput(Options{Log: log})
	out.files.log = log
	out.write(seconds, nil, run.Started)
	out.closeFiles(run.Started)
	for k := range kinds {
		out.totals[k].extremes = joinExtremes(parts, k)
		out.totals[k].fill(run, k)
	}
	run.Series = due(out.series)
	for i := range run.Series {
		s := &run.Series[i]
		s.MaxStale, s.MaxLateness = seconds[i].MaxStale, seconds[i].MaxLateness
	}
	return out.logErr
}

// joinSeconds returns the seconds from 0 on, without gaps.
func joinSeconds(parts []Part) ([]*second, error) {
	var seconds []*second
	at := func(number int) *second {
		for len(seconds) <= number {
			s := &second{}
			s.reset(len(seconds))
			seconds = append(seconds, s)
		}
		return seconds[number]
	}
	for _, p := range parts {
		for _, row := range p.Run.Series {
			if row.Second >= 0 {
				at(p.Begin + row.Second).count(row)
			}
		}
		err := EachInterval(p.Dir, p.Run, func(number int, tag string, h *hdrhistogram.Histogram) {
			for k := range kinds {
				if k.String() == tag {
					at(p.Begin + max(number, 0)).intervals[k].addAll(h)
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return seconds, nil
}

// count adds another run's second.
func (s *second) count(row Second) {
	s.Due += row.Due
	s.Succeeded += row.Succeeded
	s.Failed += row.Failed
	s.Stale += row.Stale
	s.MaxStale = max(s.MaxStale, row.MaxStale)
	s.MaxLateness = max(s.MaxLateness, row.MaxLateness)
}

// addAll adds a histogram of the same range, as it is read from a log.
func (i *interval) addAll(h *hdrhistogram.Histogram) {
	if i.joined == nil {
		i.joined = hdrhistogram.NewPacked(lowest, highest, digits)
	}
	for _, bar := range h.Distribution() {
		if bar.Count > 0 {
			_ = i.joined.RecordValues(bar.From, bar.Count) // it was in the range once
		}
	}
	i.extremes.merge(extremes{count: h.TotalCount(), min: time.Duration(h.Min()), max: time.Duration(h.Max())})
}

func joinExtremes(parts []Part, k Kind) extremes {
	var all extremes
	for _, p := range parts {
		q := p.Run.Quantiles(k)
		all.merge(extremes{
			count: q.Count, min: duration(q.Min), max: duration(q.Max), sum: duration(q.Mean * float64(q.Count)),
		})
	}
	return all
}

func duration(seconds float64) time.Duration { return time.Duration(math.Round(seconds * 1e9)) }
