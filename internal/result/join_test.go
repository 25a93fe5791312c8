package result

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"google.golang.org/grpc/codes"
)

// rowsOf are the requests of a part of 3 s. The histograms tell their times apart to the
// nanosecond: what was joined is then the same, however it was joined.
func rowsOf(part int64) []Row {
	rows := []Row{success(-1, -ms, 900)}
	for i := range int64(30) {
		due := time.Duration(i) * 100 * ms
		row := Row{ID: i, Due: due, Sent: due + time.Duration(10+i+part), Done: due + time.Duration(100+i*7+part*50), Handling: time.Duration(i), Judgement: Correct}
		switch i % 5 {
		case 1:
			row.Code, row.Judgement = codes.Unavailable, Unjudged
		case 2:
			row.Judgement, row.Staleness = Stale, time.Duration(500+i*part)
		}
		rows = append(rows, row)
	}
	return rows
}

// recordedPart writes the folder of a run of rows.
func recordedPart(t *testing.T, begin int, rows []Row) Part {
	t.Helper()
	f, err := Create(filepath.Join(t.TempDir(), "sync"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	r.Begin(began)
	play(r, rows...)
	r.AddLag(ms, 77)
	r.AddLag(2900*ms, time.Duration(len(rows)))
	run := filled(t, r)
	run.Started = began
	return Part{f.Dir(), &run, begin}
}

// Joined figures are those of one run that has all the requests, second by second,
// whether the parts follow each other, overlap or leave a gap.
func TestJoin(t *testing.T) {
	for name, begin := range map[string]int{"the same seconds": 0, "overlapping": 1, "one after the other": 3, "with a gap": 5} {
		t.Run(name, func(t *testing.T) {
			first, second := rowsOf(0), rowsOf(1)
			parts := []Part{recordedPart(t, 0, first), recordedPart(t, begin, second)}
			all := NewRecorder(Options{})
			all.Begin(began)
			shift := time.Duration(begin) * time.Second
			rows := slices.Clone(first[1:])
			for _, row := range second[1:] {
				row.Due, row.Sent, row.Done = row.Due+shift, row.Sent+shift, row.Done+shift
				rows = append(rows, row)
			}
			slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Due, b.Due) })
			play(all, rows...)
			for _, at := range []time.Duration{0, shift} {
				all.AddLag(at+ms, 77)
				all.AddLag(at+2900*ms, 31)
			}
			want := filled(t, all)

			f, err := Create(filepath.Join(t.TempDir(), "joined"))
			if err != nil {
				t.Fatal(err)
			}
			got := Run{Started: began}
			if err := f.Join(&got, parts); err != nil {
				t.Fatal(err)
			}
			for k := range kinds {
				if g, w := *got.Quantiles(k), *want.Quantiles(k); w.Count == 0 || g != w {
					t.Errorf("%v: %+v\nwant %+v", k, g, w)
				}
			}
			if !reflect.DeepEqual(got.Intervals, want.Intervals) {
				t.Errorf("intervals %v\nwant %v", got.Intervals, want.Intervals)
			}
			if !reflect.DeepEqual(got.Series, want.Series) {
				t.Errorf("series %+v\nwant %+v", got.Series, want.Series)
			}
			log, err := loadIntervals(f.Dir())
			if err != nil {
				t.Fatal(err)
			}
			for k := range kinds {
				if !log[k].Equals(all.totals[k].histogram) {
					t.Errorf("the log has other values of %v", k)
				}
			}
		})
	}
}

// A part whose log cannot be read is no part.
func TestJoinOfABrokenPart(t *testing.T) {
	f, err := Create(filepath.Join(t.TempDir(), "joined"))
	if err != nil {
		t.Fatal(err)
	}
	part := recordedPart(t, 0, rowsOf(0))
	write(t, filepath.Join(part.Dir, LogFile), []byte("Tag=latency,0,1,1,HISTnone\n"))
	if err := f.Join(&Run{Started: began}, []Part{part}); err == nil {
		t.Error("it was joined")
	}
}

// Of parts in which nothing was measured, the log is complete all the same.
func TestJoinOfNothing(t *testing.T) {
	f, err := Create(filepath.Join(t.TempDir(), "joined"))
	if err != nil {
		t.Fatal(err)
	}
	run := Run{Started: began}
	if err := f.Join(&run, nil); err != nil || run.Latency.Count != 0 || len(run.Series) != 0 {
		t.Errorf("%v, %+v", err, run.Latency)
	}
	log, err := os.ReadFile(filepath.Join(f.Dir(), LogFile))
	if err != nil || !strings.Contains(string(log), "#[BaseTime: 1772366400.123 ") {
		t.Errorf("%v, the log is %q", err, log)
	}
}

// Seconds of the log are those that the run covers, and the one before, as which a start
// may be read that was rounded down.
func TestIntervalsOutsideOfTheRun(t *testing.T) {
	run := &Run{Started: began, Series: []Second{{Second: 0}, {Second: 1}}}
	if run.Covered() != 2+horizon || (&Run{}).Covered() != horizon || (&Run{Series: []Second{{Second: -3}}}).Covered() != horizon {
		t.Errorf("it covers %d s, want 2 s and %d", run.Covered(), horizon)
	}
	for second, ok := range map[int]bool{-2: false, -1: true, 0: true, 1 + horizon: true, 2 + horizon: false} {
		var text bytes.Buffer
		log, h := newIntervalLog(&text), newHistogram()
		if err := errors.Join(h.RecordValue(7), log.write(Latency, h, 0, began.Add(time.Duration(second)*time.Second)), log.flush()); err != nil {
			t.Fatal(err)
		}
		var got []int
		err := eachInterval(&text, run, func(second int, kind string, h *hdrhistogram.Histogram) {
			if kind == "latency" && h.TotalCount() == 1 && h.Max() == 7 {
				got = append(got, second)
			}
		})
		if (err == nil) != ok || ok != slices.Equal(got, []int{second}) {
			t.Errorf("second %d: %v, %v", second, got, err)
		}
	}
}
