package result

import (
	"testing"
	"time"
)

// A second is complete only once all that was due in it has been told, however far
// the telling goes on while the lanes are emptied one by one.
func TestSecondsWhileLanesAreEmptied(t *testing.T) {
	const perSecond, seconds = 100, 9
	for range 400 { // without a log, which takes fifteen times as long as all else
		r := NewRecorder(Options{})
		for i := range perSecond * seconds {
			due := time.Duration(i) * time.Second / perSecond
			r.Due(due)
			r.Add(Row{ID: int64(i), Due: due, Sent: due, Done: due + time.Millisecond, Judgement: Correct})
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		var run Run
		r.Fill(&run)
		for _, s := range run.Series {
			if s.Due != perSecond || s.Succeeded != perSecond {
				t.Fatalf("second %d: %d due, %d succeeded, want %d", s.Second, s.Due, s.Succeeded, perSecond)
			}
		}
	}
}
