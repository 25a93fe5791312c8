package result

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc/codes"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.UTC)

// varied plays rows of every kind over some seconds, with a gap in second 2.
func varied(r *Recorder) {
	play(r, success(-1, -ms, 80*ms))
	for i := range int64(500) {
		due := time.Duration(i) * 10 * ms
		if secondOf(due) == 2 {
			continue
		}
		row := success(i, due, time.Duration(i*i)*time.Microsecond+2*ms)
		switch i % 10 {
		case 3:
			row.Code, row.Judgement = codes.Unavailable, Unjudged
		case 4:
			row.Judgement, row.Staleness = Stale, time.Duration(i)*ms
		}
		play(r, row)
		r.AddLag(due, time.Duration(i+1)*time.Microsecond)
	}
}

func TestLogRoundTrip(t *testing.T) {
	var log bytes.Buffer
	r := NewRecorder(Options{Log: &log})
	r.Begin(began)
	varied(r)
	filled(t, r)
	got, err := readIntervals(&log)
	if err != nil {
		t.Fatal(err)
	}
	for k := range kinds {
		if want := r.totals[k].histogram; want.TotalCount() == 0 || !got[k].Equals(want) {
			t.Errorf("%v: %d values, want the %d recorded", k, got[k].TotalCount(), want.TotalCount())
		}
	}
}

// TestLogLines reads the log as any other reader of the format would.
func TestLogLines(t *testing.T) {
	var log bytes.Buffer
	r := NewRecorder(Options{Log: &log})
	r.Begin(began)
	play(r,
		success(0, 0, 10*ms),
		Row{ID: 1, Due: 3 * time.Second, Sent: 3 * time.Second, Done: 5 * time.Second, Code: codes.Internal})
	filled(t, r)
	want := `^#\[Histogram log format version 1\.3\]
#\[StartTime: 1772366400\.123 \(seconds since epoch\), 2026-03-01T12:00:00\.123Z\]
#\[BaseTime: 1772366400\.123 \(seconds since epoch\)\]
#\[Values are nanoseconds, Interval_Max is milliseconds\]
"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
Tag=latency,0\.000000,1\.000000,10\.\d+,HIST\S+
Tag=service,0\.000000,1\.000000,9\.\d+,HIST\S+
Tag=lateness,0\.000000,1\.000000,1\.\d+,HIST\S+
Tag=handling,0\.000000,1\.000000,2\.\d+,HIST\S+
Tag=failed,3\.000000,1\.000000,200\d\.\d+,HIST\S+
Tag=lateness,3\.000000,1\.000000,0\.000000,HIST\S+
Tag=handling,3\.000000,1\.000000,0\.000000,HIST\S+
$`
	if got := log.String(); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("the log is\n%s", got)
	}
	intervals := hdrhistogram.NewHistogramLogReader(bytes.NewReader(log.Bytes()))
	h, err := intervals.NextIntervalHistogram()
	if err != nil || h.Tag() != "latency" || h.EndTimeMs()-h.StartTimeMs() != 1000 {
		t.Fatalf("first interval %+v, %v", h, err)
	}
	if got := time.UnixMilli(h.StartTimeMs()).Sub(began).Abs(); got > ms {
		t.Errorf("the first interval begins %v from the start of the measured part", got)
	}
}

func TestLogIsInOrderOfTime(t *testing.T) {
	var log bytes.Buffer
	r := NewRecorder(Options{Log: &log})
	r.Due(0)
	for i := range int64(8) {
		play(r, success(i, time.Duration(i)*time.Second, ms))
	}
	r.Add(success(0, 0, 8*time.Second))
	filled(t, r)
	var got []string
	for line := range strings.Lines(log.String()) {
		if fields := strings.Split(line, ","); fields[0] == "Tag=latency" {
			got = append(got, fields[1])
		}
	}
	var want []string
	for i := range 8 {
		want = append(want, fmt.Sprintf("%d.000000", i))
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("intervals begin at %v, want %v", got, want)
	}
}

func TestWrittenWhileTheRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log, samples bytes.Buffer
		r := NewRecorder(Options{Log: &log, Samples: &samples})
		play(r, success(0, 0, ms), success(1, time.Second, ms))
		synctest.Wait()
		if log.Len() != 0 {
			t.Errorf("second 0 was written before second 2:\n%s", &log)
		}
		play(r, success(2, 2*time.Second, ms))
		synctest.Wait()
		if n := strings.Count(log.String(), "Tag=latency,"); n != 1 {
			t.Errorf("%d seconds are written, want 1", n)
		}
		// The header and two; the newest is written with the next second.
		if n := strings.Count(samples.String(), "\n"); n < 3 {
			t.Errorf("%d lines of samples are written, want 3", n)
		}
		filled(t, r)
	})
}

func TestSamples(t *testing.T) {
	var samples bytes.Buffer
	r := NewRecorder(Options{Samples: &samples})
	stale := success(0, 1234567*time.Nanosecond, 10*ms)
	stale.Judgement, stale.Staleness = Stale, 2500*ms
	play(r, success(-1, -1500*ms, 10*ms), stale,
		Row{ID: 1, Due: time.Second, Sent: time.Second, Done: 3 * time.Second, Code: codes.DeadlineExceeded})
	filled(t, r)
	want := `id,due_seconds,sent_seconds,done_seconds,code,judgement,staleness_seconds
-1,-1.500000000,-1.499000000,-1.490000000,OK,correct,0.000000000
0,0.001234567,0.002234567,0.011234567,OK,stale,2.500000000
1,1.000000000,1.000000000,3.000000000,DEADLINE_EXCEEDED,unjudged,0.000000000
`
	if got := samples.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func FuzzReadIntervals(f *testing.F) {
	var log bytes.Buffer
	r := NewRecorder(Options{Log: &log})
	play(r, success(0, 0, ms), success(1, time.Second, 20*ms))
	if err := r.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(log.Bytes())
	f.Add(log.Bytes()[:log.Len()/2])
	f.Add([]byte("Tag=latency,1,1,1,HISTFAAA\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readIntervals(bytes.NewReader(data))
		if err != nil {
			return
		}
		for k := range kinds {
			if top := h[k].Max(); h[k].TotalCount() < 0 || h[k].TotalCount() > 0 && top < h[k].Min() {
				t.Errorf("%v: %d values up to %d", k, h[k].TotalCount(), top)
			}
		}
	})
}
