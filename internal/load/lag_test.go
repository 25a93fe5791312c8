package load

import (
	"slices"
	"testing"
	"time"

	"crosstalk/internal/record"
)

// The oldest change that some replica lacks is the one that was acknowledged first; what
// is shown, held or lost is waited for no longer.
func TestOldestChange(t *testing.T) {
	l := NewLag([]Replica{{"D", "A"}, {"E", "A"}}, func(_, _ time.Duration) {})
	oldest := func(want time.Duration, some bool) {
		t.Helper()
		if at, ok := l.Oldest(); at != want || ok != some {
			t.Errorf("%v, %v; want %v, %v", at, ok, want, some)
		}
	}
	oldest(0, false)
	l.Acknowledged("A", 2, 2, 2, 30)
	oldest(30, true)
	l.Acknowledged("A", 1, 2, 2, 10)
	l.Acknowledged("A", 3, 2, 2, 20)
	oldest(10, true)
	l.Visible("D", "A", 1, 2, 40)
	oldest(10, true) // E lacks it
	l.Held("E", "A", 1, 2)
	oldest(20, true)
	l.Lost("D", "A", 3, 2)
	l.Visible("E", "A", 3, 5, 50)
	oldest(30, true)
	l.Visible("D", "A", 2, 2, 60)
	l.Visible("E", "A", 2, 2, 60)
	oldest(0, false)
}

// A loss is that of one version of one key in one replica.
func TestIsLost(t *testing.T) {
	l := NewLag([]Replica{{"D", "A"}, {"E", "A"}}, func(_, _ time.Duration) {})
	l.Lost("D", "A", 1, 3)
	for _, c := range []struct {
		consumer, owner string
		key, version    uint64
		want            bool
	}{{"D", "A", 1, 3, true}, {"D", "A", 1, 2, false}, {"D", "A", 2, 3, false}, {"E", "A", 1, 3, false}, {"D", "B", 1, 3, false}} {
		if got := l.IsLost(c.consumer, c.owner, record.Key(c.key), c.version); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A newer version that a replica has shown, or has, stays the newest: what comes late and
// is older takes nothing back.
func TestVisibleStaysVisible(t *testing.T) {
	var lags []time.Duration
	l := NewLag([]Replica{{"D", "A"}}, func(_, lag time.Duration) { lags = append(lags, lag) })
	l.Visible("D", "A", 1, 5, 10)
	l.Visible("D", "A", 1, 3, 20)
	l.Acknowledged("A", 1, 4, 5, 30)
	l.Acknowledged("A", 2, 5, 5, 40)
	if n := l.Held("D", "A", 2, 7); n != 1 {
		t.Errorf("%d were not told of", n)
	}
	l.Held("D", "A", 2, 3)
	l.Acknowledged("A", 2, 6, 6, 50)
	if !slices.Equal(lags, []time.Duration{0, 0}) || l.Unseen() != 0 {
		t.Errorf("lags %v, %d unseen", lags, l.Unseen())
	}
}

// What is left is told in the order of consumers, owners, keys and versions.
func TestLeftIsInOrder(t *testing.T) {
	l := NewLag([]Replica{{"E", "A"}, {"D", "B"}, {"D", "A"}}, func(_, _ time.Duration) {})
	for _, key := range []uint64{2, 1} {
		for _, owner := range []string{"B", "A"} {
			l.Acknowledged(owner, record.Key(key), 3, 3, 20)
			l.Acknowledged(owner, record.Key(key), 2, 3, 10)
		}
	}
	var want []Change
	for _, of := range []Replica{{"D", "A"}, {"D", "B"}, {"E", "A"}} {
		for key := uint64(1); key <= 2; key++ {
			want = append(want, Change{of, record.Key(key), 2, 10}, Change{of, record.Key(key), 3, 20})
		}
	}
	if got := l.Left(); !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
}
