package result

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/stats"
)

const ms = time.Millisecond

// success is a request that was sent 1 ms late and took the given latency.
func success(id int64, due, latency time.Duration) Row {
	return Row{ID: id, Due: due, Sent: due + ms, Done: due + latency, Handling: 2 * ms, Judgement: Correct}
}

// play has the recorder told of rows that are due in order and complete at once.
func play(r *Recorder, rows ...Row) {
	for _, row := range rows {
		r.Due(row.Due)
		r.Add(row)
	}
}

// filled closes a recorder and returns what it fills in, for 2 measured seconds.
func filled(t testing.TB, r *Recorder) Run {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	run := Run{MeasuredSeconds: 2}
	r.Fill(&run)
	return run
}

// single is the summary of one value, seen n times.
func single(n int64, d time.Duration) Quantiles {
	s := d.Seconds()
	return Quantiles{Count: n, Min: s, P50: s, P75: s, P90: s, P99: s, P999: s, P9999: s, Max: s, Mean: s}
}

func TestFill(t *testing.T) {
	r := NewRecorder(Options{})
	warm := success(-1, -500*ms, 40*ms)
	failed := Row{ID: 1, Due: 500 * ms, Sent: 501 * ms, Done: 2500 * ms, Handling: 2 * ms, Code: codes.DeadlineExceeded}
	stale := success(2, time.Second, 10*ms)
	stale.Judgement, stale.Staleness = Stale, 70*ms
	missing := Row{ID: 3, Due: 1500 * ms, Sent: 1501 * ms, Done: 3500 * ms, Handling: 2 * ms, Code: codes.NotFound, Judgement: Missing}
	play(r, warm, success(0, 0, 10*ms), failed, stale, missing)
	r.Due(1900 * ms) // and is given up before it is sent
	r.AddLag(-ms, time.Hour)
	r.AddLag(1200*ms, 30*ms)

	low, high := stats.Wilson(2, 4)
	staleLow, staleHigh := stats.Wilson(1, 2)
	want := Run{
		MeasuredSeconds: 2,
		Requests:        Requests{Due: 5, Sent: 4, Succeeded: 2, Failed: 2, RateAchieved: 2, Throughput: 1},
		WarmUp:          Counts{Due: 1, Sent: 1, Succeeded: 1},
		ErrorRate:       Interval{Value: 0.5, Low: low, High: high},
		StaleRate:       Interval{Value: 0.5, Low: staleLow, High: staleHigh},
		Failures:        map[string]int64{"DEADLINE_EXCEEDED": 1, "NOT_FOUND": 1},
		Latency:         single(2, 10*ms),
		ServiceTime:     single(2, 9*ms),
		FailedLatency:   single(2, 2*time.Second),
		Lateness:        single(4, ms),
		HandlingDelay:   single(4, 2*ms),
		Answers:         Answers{Correct: 1, Stale: 1, Missing: 1},
		Staleness:       single(1, 70*ms),
		ReplicationLag:  single(1, 30*ms),
		Series: []Second{
			{Second: -1, Due: 1, Succeeded: 1, P50: 0.04, P99: 0.04, MaxLateness: 0.001},
			{Second: 0, Due: 2, Succeeded: 1, Failed: 1, P50: 0.01, P99: 0.01, MaxLateness: 0.001},
			{Second: 1, Due: 3, Succeeded: 1, Failed: 1, P50: 0.01, P99: 0.01, Stale: 1, MaxStale: 0.07, MaxLateness: 0.001},
		},
	}
	got := filled(t, r)
	if p99 := got.Intervals["lateness_seconds"]["p99"]; len(got.Intervals) != 7 || p99.High != nil || p99.Low == nil || *p99.Low != 0.001 {
		t.Errorf("intervals %+v", got.Intervals) // of four samples, none bounds it above
	}
	got.Intervals = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFillOfNothing(t *testing.T) {
	want := Run{ErrorRate: Interval{High: 1}, StaleRate: Interval{High: 1}, Failures: map[string]int64{}, Series: []Second{}}
	r := NewRecorder(Options{})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var got Run
	r.Fill(&got)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestQuantiles(t *testing.T) {
	r := NewRecorder(Options{})
	for i := range int64(1000) {
		play(r, success(i, time.Duration(i)*ms, time.Duration(i+1)*ms))
	}
	// A quantile is the upper end of its bucket: 2^18 ns are not told apart from
	// 2^28 ns on, 2^19 from 2^29 on.
	upper := func(d time.Duration, bits int) float64 {
		return (d | (1<<bits - 1)).Seconds()
	}
	want := Quantiles{
		Count: 1000, Min: 0.001, P50: upper(500*ms, 18), P75: upper(750*ms, 19), P90: upper(900*ms, 19),
		P99: upper(990*ms, 19), P999: upper(999*ms, 19), P9999: 1, Max: 1, Mean: 0.5005,
	}
	if got := filled(t, r).Latency; got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// The rates tell what passed within the measured part: here one request each
// 100 ms, though ten were due in it. The others wait, from the warm-up on, and
// are sent when it is over.
func TestRatesAreOfWhatPassed(t *testing.T) {
	r := NewRecorder(Options{})
	r.End(time.Second)
	for i := range int64(30) {
		due := time.Duration(i-10) * 10 * ms
		sent := time.Duration(i-5) * 100 * ms
		row := Row{ID: i - 10, Due: due, Sent: sent, Done: sent + 100*ms, Judgement: Correct}
		if i%2 == 0 {
			row.Code, row.Judgement = codes.Unavailable, Unjudged
		}
		play(r, row)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	run := Run{MeasuredSeconds: 1}
	r.Fill(&run)
	if q := run.Requests; q.Sent != 20 || q.Succeeded != 10 || q.RateAchieved != 10 || q.Throughput != 5 {
		t.Errorf("%+v; want 20 sent, of which 10 a second passed, half of them well", q)
	}
}

// A request that is given up is due in its second, and holds none open.
func TestUnsent(t *testing.T) { synctest.Test(t, testUnsent) }

func testUnsent(t *testing.T) {
	r := NewRecorder(Options{})
	r.Unsent(-ms, 5)
	for i := range 20 {
		r.Unsent(time.Duration(i)*time.Second, 1_000_000)
		synctest.Wait() // until the lanes are emptied
	}
	if r.made == 0 || r.made > 3 {
		t.Errorf("%d seconds were open at once", r.made)
	}
	got := filled(t, r)
	if got.Requests.Due != 20_000_000 || got.Requests.Sent != 0 || got.WarmUp.Due != 5 || len(got.Series) != 21 || got.Series[20].Due != 1_000_000 {
		t.Errorf("%+v, warm-up %+v, %d seconds", got.Requests, got.WarmUp, len(got.Series))
	}
}

// The percentile of n values is the smallest that p % of them do not exceed, to
// the value where the histogram tells all of them apart.
func TestQuantilesAreOfTheNearestRank(t *testing.T) {
	for _, n := range []int64{1, 2, 99, 100, 101, 1000, 1289} {
		r := NewRecorder(Options{})
		var sorted []float64
		for i := range n {
			latency := time.Duration(i + 1)
			play(r, success(i, time.Duration(i), latency))
			sorted = append(sorted, latency.Seconds())
		}
		got := filled(t, r)
		for q, at := range map[float64]float64{
			0.5: got.Latency.P50, 0.75: got.Latency.P75, 0.9: got.Latency.P90, 0.99: got.Latency.P99, 0.999: got.Latency.P999,
		} {
			if want := stats.Quantile(sorted, q); at != want {
				t.Errorf("of %d values, p%v is number %.0f, want %.0f", n, q*100, at*1e9, want*1e9)
			}
		}
		if s := got.Series[0]; s.P50 != got.Latency.P50 || s.P99 != got.Latency.P99 {
			t.Errorf("the second has p50 %v and p99 %v", s.P50, s.P99)
		}
	}
}

func TestOutOfRangeIsCounted(t *testing.T) {
	r := NewRecorder(Options{})
	play(r,
		success(0, 0, 11*time.Minute),
		Row{ID: 1, Due: ms, Sent: 0, Done: 2 * ms, Judgement: Correct}) // sent before it was due
	got := filled(t, r)
	if l := got.Latency; l.Count != 2 || l.Min != 0.001 || l.Max != 660 || l.Mean != 330.0005 || l.P99 < 599.9 || l.P99 > 660 {
		t.Errorf("latency %+v", l)
	}
	if l := got.Lateness; l.Count != 2 || l.Min != 0 || l.Max != 0.001 {
		t.Errorf("lateness %+v", l)
	}
}

func TestLateCompletionLandsWhereItWasDue(t *testing.T) {
	r := NewRecorder(Options{})
	slow := success(3, 3*time.Second, 6*time.Second)
	for i := range int64(10) {
		due := time.Duration(i) * time.Second
		r.Due(due)
		if i != 3 {
			r.Add(success(i, due, 10*ms))
		}
	}
	r.Add(slow)
	for i, s := range filled(t, r).Series {
		want := Second{Second: i, Due: 1, Succeeded: 1, P50: 0.01, P99: 0.01, MaxLateness: 0.001}
		if i == 3 {
			want.P50, want.P99 = 6, 6
		}
		if s != want {
			t.Errorf("got %+v, want %+v", s, want)
		}
	}
}

// What is told more than a second late keeps its place in the totals, and goes
// with the oldest open second in the series.
func TestStragglers(t *testing.T) { synctest.Test(t, testStragglers) }

func testStragglers(t *testing.T) {
	r := NewRecorder(Options{})
	play(r, success(-1, -ms, ms), success(0, 0, ms), success(1, 5*time.Second, ms))
	synctest.Wait()
	play(r, success(2, time.Second, ms), success(-2, -2*ms, ms))
	got := filled(t, r)
	if got.Requests.Due != 3 || got.Latency.Count != 3 || got.WarmUp != (Counts{Due: 2, Sent: 2, Succeeded: 2}) {
		t.Errorf("requests %+v, latency %+v, warm-up %+v", got.Requests, got.Latency, got.WarmUp)
	}
	var due []int64
	for _, s := range got.Series {
		due = append(due, s.Due)
	}
	// From second −1 on; 4 is the oldest one open when they come.
	if want := []int64{1, 1, 0, 0, 0, 1, 1}; !reflect.DeepEqual(due, want) {
		t.Errorf("due by second %v, want %v", due, want)
	}
}

func TestInterruptedRequestsDoNotBlock(t *testing.T) {
	r := NewRecorder(Options{})
	for i := range int64(5) {
		r.Due(time.Duration(i) * time.Second)
	}
	got := filled(t, r)
	if len(got.Series) != 5 || got.Requests.Due != 5 || got.Requests.Sent != 0 {
		t.Errorf("series %+v, requests %+v", got.Series, got.Requests)
	}
	play(r, success(6, 0, ms))
	r.AddLag(0, ms)
	if again := filled(t, r); !reflect.DeepEqual(got, again) {
		t.Errorf("after Close, %+v was recorded", again)
	}
}

func TestManyGoroutines(t *testing.T) {
	const workers, each = 8, 2000
	r := NewRecorder(Options{})
	var wg sync.WaitGroup
	for w := range int64(workers) {
		wg.Go(func() {
			for i := range int64(each) {
				due := time.Duration(i) * 5 * ms
				play(r, success(i*workers+w, due, time.Duration(w+1)*ms))
				r.AddLag(due, ms)
			}
		})
	}
	wg.Wait()
	got := filled(t, r)
	if got.Requests.Succeeded != workers*each || got.Answers.Correct != workers*each {
		t.Errorf("requests %+v, answers %+v", got.Requests, got.Answers)
	}
	if l := got.Latency; l.Count != workers*each || l.Min != 0.001 || l.Max != 0.008 || l.Mean != 0.0045 {
		t.Errorf("latency %+v", l)
	}
	if got.ReplicationLag != single(workers*each, ms) {
		t.Errorf("lag %+v", got.ReplicationLag)
	}
	var due, succeeded int64
	for _, s := range got.Series {
		due, succeeded = due+s.Due, succeeded+s.Succeeded
	}
	if due != workers*each || succeeded != workers*each {
		t.Errorf("the series has %d due and %d succeeded, of %d", due, succeeded, workers*each)
	}
}

// A second's histograms are used again once it is written: however long the run,
// there are as many as seconds are open, or being written, at once.
func TestMemoryDoesNotGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seconds, rate, slowest = 50, 20, 5 * time.Second
		var log, samples discard
		r := NewRecorder(Options{Log: &log, Samples: &samples})
		begin := time.Now()
		var wg sync.WaitGroup
		for i := range int64(seconds * rate) {
			due := time.Duration(i) * time.Second / rate
			time.Sleep(time.Until(begin.Add(due)))
			r.Due(due)
			row := success(i, due, time.Duration(i%97+2)*ms)
			if i%rate == 0 {
				row.Done = due + slowest
			}
			wg.Go(func() {
				time.Sleep(row.Done - row.Due)
				r.Add(row)
			})
		}
		wg.Wait()
		got := filled(t, r)
		if got.Latency.Count != seconds*rate || len(got.Series) != seconds {
			t.Errorf("%d requests in %d seconds", got.Latency.Count, len(got.Series))
		}
		// The open ones, and one that is being written.
		if most := int(slowest/time.Second) + 3; r.made > most {
			t.Errorf("%d seconds are kept, not at most %d", r.made, most)
		}
		if kept := cap(r.lines); kept > 128<<10 {
			t.Errorf("%d bytes of samples are kept", kept)
		}
		if kept := len(r.spare); kept > 2*len(r.lanes) {
			t.Errorf("%d batches are kept", kept)
		}
	})
}

// A request that never ends does not keep all later seconds open.
func TestHorizon(t *testing.T) { synctest.Test(t, testHorizon) }

func testHorizon(t *testing.T) {
	r := NewRecorder(Options{})
	r.Due(0)
	for i := range int64(horizon + 50) {
		play(r, success(i, time.Duration(i)*time.Second, ms))
		synctest.Wait()
	}
	if r.made > horizon+2 {
		t.Errorf("%d seconds were open at once", r.made)
	}
	r.Add(success(0, 0, time.Hour))
	if got := filled(t, r); got.Latency.Count != int64(horizon+50)+1 || got.Latency.Max != 3600 {
		t.Errorf("latency %+v", got.Latency)
	}
}

func TestWriteErrorsLeaveTheSummariesWhole(t *testing.T) {
	full := errors.New("disk full")
	for _, o := range []Options{{Log: broken{full}}, {Samples: broken{full}}} {
		r := NewRecorder(o)
		play(r, success(0, 0, ms), success(1, 9*time.Second, ms))
		if err := r.Close(); !errors.Is(err, full) {
			t.Errorf("Close: %v", err)
		}
		var run Run
		r.Fill(&run)
		if run.Latency != single(2, ms) {
			t.Errorf("latency %+v", run.Latency)
		}
	}
}

// A file that cannot be written does not keep the other one from being whole.
func TestAFullDiskLeavesTheOtherFileWhole(t *testing.T) {
	full := errors.New("disk full")
	var log bytes.Buffer
	r := NewRecorder(Options{Log: &log, Samples: broken{full}})
	play(r, success(0, 0, ms), success(1, 9*time.Second, ms))
	if err := r.Close(); !errors.Is(err, full) || !strings.Contains(err.Error(), SamplesFile) {
		t.Errorf("Close: %v", err)
	}
	if got, err := readIntervals(&log); err != nil || got[Latency].TotalCount() != 2 {
		t.Errorf("the log has %v, %v", got[Latency].TotalCount(), err)
	}
}

func TestLogOfNothingHasItsHeader(t *testing.T) {
	var log bytes.Buffer
	r := NewRecorder(Options{Log: &log})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(log.String(), "#[Histogram log format") {
		t.Errorf("the log is %q", log.String())
	}
	if _, err := readIntervals(&log); err != nil {
		t.Error(err)
	}
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

type discard struct{}

func (*discard) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkAdd(b *testing.B) {
	for _, c := range []struct {
		name    string
		options Options
	}{
		{"summaries", Options{}},
		{"log", Options{Log: &discard{}}},
		{"log+samples", Options{Log: &discard{}, Samples: &discard{}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := NewRecorder(c.options)
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				due := time.Duration(i) * 50 * time.Microsecond // 20 000 per second
				play(r, success(i, due, time.Duration(i*7919%100_000)*time.Microsecond))
			}
			if err := r.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
