package fakesvc

import (
	"testing"

	"crosstalk/internal/bus"
	"crosstalk/internal/fault"
)

// Wherever a reader goes on, it knows the event before: what was dropped too, and past
// what compaction has taken.
func TestPositionsOfALane(t *testing.T) {
	at := func(next int64) bus.Position { return bus.Position{Next: next, Sum: 10 * uint64(next)} }
	l := &lane{admitted: at(5)}
	read := func(offset int64, put ...fault.Passage) {
		d := bus.Delivery{Offset: offset, After: at(offset + 1)}
		for _, met := range put {
			l.put(d, fault.Interaction{}, met)
		}
		l.admitted = d.After
	}
	check := func(want ...bus.Position) {
		t.Helper()
		for n, want := range want {
			if got := l.after(n); got != want {
				t.Errorf("after %d of %d: %+v, want %+v", n, len(l.parcels), got, want)
			}
		}
	}
	check(at(5))
	read(5, fault.Passage{Reorder: true})
	check(at(5), at(6))
	read(6, fault.Passage{}) // before 5
	check(at(5), at(5), at(7))
	read(7) // dropped
	check(at(5), at(5), at(8))
	read(9, fault.Passage{}, fault.Passage{}) // twice, and 8 is gone
	check(at(5), at(5), at(8), at(8), at(10))
}

// A partition of which something waits is no further than where its reading began.
func TestALaneBeginsWhereItsReaderIs(t *testing.T) {
	began := bus.Position{Next: 7, Sum: 70}
	c := &consumer{next: map[int]bus.Position{3: began}}
	for partition, want := range map[int]bus.Position{3: began, 4: {}} {
		l := c.lane(partition)
		l.put(bus.Delivery{Offset: 8}, fault.Interaction{}, fault.Passage{})
		if got := l.after(0); got != want {
			t.Errorf("partition %d is at %+v, want %+v", partition, got, want)
		}
	}
}
