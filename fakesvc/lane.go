package fakesvc

import (
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
)

// reorderPatience is how long an event that is to come after the next one waits
// for it.
const reorderPatience = clock.ReorderPatience

// lane is a partition's events on their way to the handler.
type lane struct {
	partition int
	admitted  bus.Position // after what was read
	parcels   []parcel
}

// parcel is an event on its way to the handler.
type parcel struct {
	bus.Delivery
	before   bus.Position // the lane's before it was read
	way      fault.Interaction
	asked    time.Duration // to be held up
	since    time.Time
	due      time.Time // when it may be handled
	isBehind bool      // it waits for the event that follows it
}

// put adds a parcel. A delay keeps the order: nothing is due before what is ahead
// of it. One that is to be reordered waits for the next one, and lets it pass.
func (l *lane) put(d bus.Delivery, way fault.Interaction, met fault.Passage) {
	now := time.Now()
	p := parcel{Delivery: d, before: l.admitted, way: way, asked: met.Delay, since: now, due: now.Add(met.Delay)}
	l.parcels = append(l.parcels, p)
	last := len(l.parcels) - 1
	behind := last > 0 && l.parcels[last-1].isBehind
	switch {
	case behind:
		l.parcels[last-1].isBehind = false
		l.parcels[last-1].due = l.parcels[last-1].since.Add(l.parcels[last-1].asked)
		l.parcels[last-1], l.parcels[last] = l.parcels[last], l.parcels[last-1]
	case met.Reorder:
		l.parcels[last].isBehind = true
		l.parcels[last].due = p.due.Add(reorderPatience)
	}
	for i := max(last-1, 1); i <= last; i++ {
		if ahead := l.parcels[i-1].due; ahead.After(l.parcels[i].due) {
			l.parcels[i].due = ahead
		}
	}
}

// due returns how many of the parcels, from the first on, may be handled now.
func (l *lane) due(now time.Time) int {
	n := 0
	for n < len(l.parcels) && !l.parcels[n].due.After(now) {
		n++
	}
	return n
}

// after returns the position once the first n parcels are handled: before all others.
func (l *lane) after(n int) bus.Position {
	at := l.admitted
	for _, p := range l.parcels[n:] {
		if p.before.Next < at.Next {
			at = p.before
		}
	}
	return at
}
