package result

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// intervalLog writes the HdrHistogram log format, V2: per second a line for
// each kind that has values, Tag=latency and so on, in the order of time.
// Values are nanoseconds; the line's maximum is in milliseconds, the unit in
// which the format's tools show values unless told otherwise. The warm-up is
// left out: the format has no times before its base.
type intervalLog struct {
	buffer *bufio.Writer
	lines  *hdrhistogram.HistogramLogWriter
	headed bool
}

func newIntervalLog(w io.Writer) *intervalLog {
	buffer := bufio.NewWriter(w)
	return &intervalLog{buffer: buffer, lines: hdrhistogram.NewHistogramLogWriter(buffer)}
}

// write writes a line: the distribution of a kind in a second. Second 0 begins at
// started.
func (l *intervalLog) write(k Kind, h *hdrhistogram.Histogram, second int, started time.Time) error {
	if err := l.head(started); err != nil {
		return err
	}
	begin := l.lines.BaseTime() + int64(second)*1000
	h.SetTag(k.String())
	h.SetStartTimeMs(begin)
	h.SetEndTimeMs(begin + 1000)
	if err := l.lines.OutputIntervalHistogram(h); err != nil {
		return fmt.Errorf("write %s: %w", LogFile, err)
	}
	return nil
}

// head writes the header, once. It writes the times itself: the library's own
// lines drop the milliseconds, which the format has.
func (l *intervalLog) head(started time.Time) error {
	if l.headed {
		return nil
	}
	l.headed = true
	var base int64
	if !started.IsZero() {
		base = started.UnixMilli()
	}
	l.lines.SetBaseTime(base)
	at := time.UnixMilli(base).UTC()
	seconds := fmt.Sprintf("%d.%03d (seconds since epoch)", base/1000, base%1000)
	_, err := fmt.Fprintf(l.buffer, `#[Histogram log format version %s]
#[StartTime: %s, %s]
#[BaseTime: %s]
#[Values are nanoseconds, Interval_Max is milliseconds]
`, hdrhistogram.HISTOGRAM_LOG_FORMAT_VERSION, seconds, at.Format(time.RFC3339Nano), seconds)
	if err == nil {
		err = l.lines.OutputLegend()
	}
	return err
}

// flush hands on what is buffered.
func (l *intervalLog) flush() error {
	if err := l.buffer.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", LogFile, err)
	}
	return nil
}

// readIntervals adds up the intervals of a log, by kind. Every histogram is
// there, if empty. Lines that are no intervals, or have other tags, are skipped.
//
// The library's own reader makes a whole histogram of each line, most of it empty;
// an hour's log has ten thousand lines.
func readIntervals(r io.Reader) ([kinds]*hdrhistogram.Histogram, error) {
	var out [kinds]*hdrhistogram.Histogram
	byTag := make(map[string]*hdrhistogram.Histogram)
	for k := range kinds {
		out[k] = newHistogram()
		byTag[k.String()] = out[k]
	}
	lines := bufio.NewReader(&lineReader{from: r})
	for n := 1; ; {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return out, err
		}
		if tag, encoded, ok := interval64(line); ok {
			if to := byTag[tag]; to != nil {
				if err := addEncoded(to, encoded); err != nil {
					return out, fmt.Errorf("interval %d: %s: %w", n, tag, err)
				}
			}
			n++
		}
		if err == io.EOF {
			return out, nil
		}
	}
}

// interval64 splits an interval's line: Tag=TAG,START,LENGTH,MAX,HISTOGRAM.
func interval64(line string) (tag, encoded string, ok bool) {
	fields := strings.Split(strings.TrimRight(line, "\r\n"), ",")
	if len(fields) != 5 {
		return "", "", false
	}
	tag, ok = strings.CutPrefix(fields[0], "Tag=")
	return tag, fields[4], ok
}

func addEncoded(to *hdrhistogram.Histogram, encoded string) error {
	h, err := hdrhistogram.DecodePacked([]byte(encoded))
	if err != nil {
		return err
	}
	if dropped := h.MergeInto(to); dropped > 0 {
		return fmt.Errorf("%d values are outside of 0 to %v", dropped, time.Duration(highest))
	}
	return nil
}
