package fault

import (
	"time"

	"crosstalk/internal/seeded"
)

// Line is the way of events, and where their faults act. It decides and counts;
// who carries the events does what it says. It is safe for concurrent use.
type Line struct {
	chances []meeting
	delays  []*delay
}

// Passage is what an event meets on its way. One that is dropped meets nothing else.
type Passage struct {
	Poison    bool
	Drop      bool
	Duplicate bool
	Reorder   bool
	Delay     time.Duration
}

// meeting is a fault that a share of the events meets, and what it does to them.
type meeting struct {
	*Chance
	effect func(*Passage)
}

// NewLine returns the line of a place: the bus, or the events of a service. Of
// faults, those count whose kind an event can meet.
func NewLine(place string, seed uint64, faults Faults) *Line {
	l := &Line{}
	nth := make(map[Kind]int)
	for _, f := range faults {
		if effect := f.Kind.definition().Event; effect != nil {
			l.chances = append(l.chances, meeting{NewChance(place, seed, f, nth[f.Kind]), effect})
		} else if f.Kind == Delay {
			l.delays = append(l.delays, newDelay(place, seed, f, nth[f.Kind]))
		}
		nth[f.Kind]++
	}
	return l
}

// IsZero reports whether no event meets anything here.
func (l *Line) IsZero() bool { return len(l.chances) == 0 && len(l.delays) == 0 }

// Event is the interaction of an event, which its source and id name: the same
// on every line that it takes.
func Event(request int64, source, id string, at time.Duration) Interaction {
	return Interaction{Use: Deliver, ID: request, Try: seeded.Hash(0, source+" "+id), At: at}
}

// Meet decides what an event meets, and counts it. A delay is counted when it is
// over, by Delayed.
func (l *Line) Meet(i Interaction) Passage {
	var p Passage
	if i.ID == Beforehand {
		return p
	}
	for _, c := range l.chances {
		met := c.Meets(i)
		c.Count(i, met)
		if met {
			c.effect(&p)
		}
	}
	if p.Drop {
		return Passage{Drop: true}
	}
	for _, d := range l.delays {
		if d.window.Contains(i.At) {
			d.arrive(i)
			p.Delay += d.of(i)
		}
	}
	return p
}

// Delayed counts a delay of Meet's that is over, and how long it took.
func (l *Line) Delayed(i Interaction, asked, took time.Duration) {
	for _, d := range l.delays {
		if own := d.of(i); own > 0 && asked > 0 {
			d.complete(i, own, time.Duration(float64(took)*float64(own)/float64(asked)))
		}
	}
}

// Statistics returns a Statistic for each fault that was asked for.
func (l *Line) Statistics() []Statistic {
	var out []Statistic
	for _, c := range l.chances {
		out = append(out, c.Statistics()...)
	}
	for _, d := range l.delays {
		out = append(out, d.Statistics()...)
	}
	return out
}
