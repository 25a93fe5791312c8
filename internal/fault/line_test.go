package fault

import (
	"slices"
	"testing"
	"time"
)

// parsedFaults reads faults as a flag has them.
func parsedFaults(t *testing.T, text string) Faults {
	t.Helper()
	var f Faults
	if err := f.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return f
}

// A line counts what arrives within a fault's window, and each delay when it is over, by
// what it took of the whole; the warm-up acts and is not counted, and what is done
// beforehand meets nothing.
func TestLineCountsWhatItDoes(t *testing.T) {
	f := parsedFaults(t, "bus:duplicate=100%@1s+1s;bus:delay=2ms;bus:delay=6ms@1s+1s")
	l := NewLine("bus", 1, f)
	if l.IsZero() || !NewLine("bus", 1, parsedFaults(t, "bus:outage@1s+1s")).IsZero() || NewLine("bus", 1, parsedFaults(t, "bus:delay=1ms")).IsZero() || NewLine("bus", 1, parsedFaults(t, "bus:drop=1%")).IsZero() {
		t.Error("which lines have faults")
	}
	for _, c := range []struct {
		i    Interaction
		want Passage
	}{
		{Event(Beforehand, "D", "a", time.Second), Passage{}},
		{Event(-1, "D", "b", time.Second), Passage{Duplicate: true, Delay: 8 * ms}},
		{Event(1, "D", "c", 0), Passage{Delay: 2 * ms}},
		{Event(2, "D", "d", time.Second), Passage{Duplicate: true, Delay: 8 * ms}},
		{Event(3, "D", "e", 2*time.Second-1), Passage{Duplicate: true, Delay: 8 * ms}},
		{Event(4, "D", "f", 2*time.Second), Passage{Delay: 2 * ms}},
	} {
		got := l.Meet(c.i)
		if got != c.want {
			t.Errorf("%+v meets %+v, want %+v", c.i, got, c.want)
		}
		l.Delayed(c.i, got.Delay, 2*got.Delay) // all of it takes twice as long
	}
	one := Window{time.Second, time.Second}
	want := []Statistic{
		{Kind: Duplicate, Window: one, Asked: 1, Interactions: 2, Delivered: 2},
		{Kind: Delay, Asked: 1, Interactions: 4, Delivered: 4, MeanAsked: 2 * ms, MeanDelivered: 4 * ms},
		{Kind: Delay, Window: one, Asked: 1, Interactions: 2, Delivered: 2, MeanAsked: 6 * ms, MeanDelivered: 12 * ms},
	}
	if got := l.Statistics(); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// A dropped event meets nothing else, and takes no delay's place in the counts.
func TestDroppedEventsMeetNothingElse(t *testing.T) {
	l := NewLine("bus", 1, parsedFaults(t, "bus:duplicate=100%;bus:drop=100%;bus:delay=1ms"))
	if got := l.Meet(Event(1, "D", "a", 0)); got != (Passage{Drop: true}) {
		t.Errorf("%+v", got)
	}
	if s := l.Statistics(); s[2].Interactions != 0 || s[1].Delivered != 1 {
		t.Errorf("%+v", s)
	}
	poisoned := NewLine("A", 1, parsedFaults(t, "A.events:poison=100%"))
	if got := poisoned.Meet(Event(1, "A", "a", 0)); got != (Passage{Poison: true}) {
		t.Errorf("%+v", got)
	}
	if got := NewLine("bus", 1, parsedFaults(t, "bus:reorder=100%")).Meet(Event(1, "A", "a", 0)); got != (Passage{Reorder: true}) {
		t.Errorf("%+v", got)
	}
}

// Faults of one kind at one place have draws of their own, in a line as at a boundary.
func TestSeveralOfAKindAreDrawnApart(t *testing.T) {
	l := NewLine("bus", 1, parsedFaults(t, "bus:drop=50%;bus:drop=50%"))
	b := NewBoundary("A", 1, parsedFaults(t, "A:hang=50%;A:hang=50%"))
	dropped, hung := 0, 0
	const n = 10_000
	for id := range int64(n) {
		if l.Meet(Interaction{Use: Deliver, ID: id}).Drop {
			dropped++
		}
		if b.Decide(Interaction{ID: id}).Hang {
			hung++
		}
	}
	// Three quarters, within five standard deviations.
	for _, got := range []int{dropped, hung} {
		if got < 7280 || got > 7720 {
			t.Errorf("%d of %d, want three quarters", got, n)
		}
	}
}

// Again of the first try is that try; the others are told apart.
func TestAgain(t *testing.T) {
	if Again(7, 0) != 7 || Again(7, 1) == 7 || Again(7, 1) == Again(7, 2) || Again(7, 1) == Again(8, 1) {
		t.Error("tries are not told apart")
	}
}

// What a window says all about, and where faults sit, is chosen by part and kind.
func TestWhichFaults(t *testing.T) {
	f := parsedFaults(t, "A:delay=1ms;A:outage@1s+1s;A.store:abort=1%;bus:stall@1s+1s;bus:drop=1%;A:kill@4s+1s")
	if got := f.Windows().String(); got != "A:outage@1s+1s;bus:stall@1s+1s;A:kill@4s+1s" {
		t.Error(got)
	}
	if got := f.At(Target{Service: "A"}).String(); got != "A:delay=1ms;A:outage@1s+1s;A:kill@4s+1s" {
		t.Error(got)
	}
	if got := f.At(Target{Part: Bus}).String(); got != "bus:stall@1s+1s;bus:drop=1%" {
		t.Error(got)
	}
	for kind, want := range map[Kind][2]bool{Kill: {true, true}, Stop: {true, true}, Outage: {false, true}, Freeze: {}, Delay: {}} {
		if kind.Signals() != want[0] || kind.TakesAway() != want[1] {
			t.Errorf("%s", kind)
		}
	}
	for pair, want := range map[string]bool{
		"A:kill@1s+2s;A:stop@2s+2s": true, "A:kill@1s+2s;A:stop@3s+2s": false, "A:kill@1s+2s;A:outage@2s+2s": false,
		"A:kill@3s+2s;A:stop@1s+2s": false, "A:kill@2s+2s;A:kill@1s+1s": false,
	} {
		if two := parsedFaults(t, pair); two[0].Clashes(two[1]) != want {
			t.Errorf("%s clash: %v", pair, !want)
		}
	}
}
