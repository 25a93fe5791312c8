package result

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"crosstalk/internal/schedule"
)

// What is read is bounded by what a run can have written, before memory is taken for it:
// a folder comes from anywhere.
const (
	// largestRun is for run.json, in bytes; a day's has 30 MB, for its series.
	largestRun = 256 << 20
	// largestLine is for the lines of latency.hlog, in bytes: a histogram with a count in
	// each of its buckets has some 100 kB.
	largestLine = 1 << 20
)

// check tells whether a run's figures go together, as far as memory is taken for what
// they claim, or others count on it.
func (r *Run) check() error {
	switch {
	case !(r.MeasuredSeconds >= 0 && r.MeasuredSeconds <= schedule.Longest.Seconds()):
		return fmt.Errorf("measured_seconds: %v is not in 0 to %.0f", r.MeasuredSeconds, schedule.Longest.Seconds())
	case !r.Started.IsZero() && (r.Started.Year() < 1970 || r.Started.Year() > 2200):
		return fmt.Errorf("started: %v is not in the years 1970 to 2200", r.Started.Format(time.RFC3339))
	}
	var due, succeeded, failed int64
	for i, s := range r.Series {
		if i == 0 && s.Second > 0 {
			return fmt.Errorf("series: it begins with second %d, after 0", s.Second)
		}
		if i > 0 && s.Second != r.Series[i-1].Second+1 {
			return fmt.Errorf("series: second %d follows second %d", s.Second, r.Series[i-1].Second)
		}
		if s.Second >= 0 {
			due, succeeded, failed = due+s.Due, succeeded+s.Succeeded, failed+s.Failed
		}
	}
	for _, c := range []struct {
		name         string
		series, said int64
	}{{"due", due, r.Requests.Due}, {"succeeded", succeeded, r.Requests.Succeeded}, {"failed", failed, r.Requests.Failed}} {
		if c.series != c.said {
			return fmt.Errorf("series: its seconds have %d %s, requests say %d", c.series, c.name, c.said)
		}
	}
	return nil
}

// last is the last second of the series; -1 where nothing was measured.
func (r *Run) last() int {
	if n := len(r.Series); n > 0 {
		return max(r.Series[n-1].Second, -1)
	}
	return -1
}

// Covered is for how long, in seconds, the figures by second go on at most: what was due
// last may become visible for as long as the range of the histograms.
func (r *Run) Covered() int { return r.last() + 1 + horizon }

// openFile opens a regular file: a pipe in its place would be waited for.
func openFile(path string, largest int64) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > largest:
		return nil, fmt.Errorf("%s has %d MB, more than any run writes", path, info.Size()>>20)
	}
	return os.Open(path)
}

// readFile reads a regular file of a bounded size.
func readFile(path string, largest int64) ([]byte, error) {
	f, err := openFile(path, largest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// unbounded is for a file that is read line by line.
const unbounded = math.MaxInt64

// lineReader passes on what it reads, up to a line that is too long.
type lineReader struct {
	from io.Reader
	line int // bytes of the line so far
}

var errLine = errors.New("a line is longer than any that a run writes")

func (l *lineReader) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	for _, c := range p[:n] {
		if l.line++; c == '\n' {
			l.line = 0
		}
		if l.line > largestLine {
			return 0, errLine
		}
	}
	return n, err
}
