package predict

import (
	"time"

	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
)

// letter is an event on its way over the bus.
type letter struct {
	request   int64
	from      *node
	id        string
	poisonous bool
	deliver   func()  // where each is handled on its own
	change    *change // where it is one
	lost      func()  // nil where nobody is told
}

// publish sends an event to those who read its topic: as soon as the bus is there.
func (s *simulation) publish(l *letter, to ...*lane) {
	if poison := l.from.poison; poison != nil {
		l.poisonous = poison.Meet(l.interaction(s.now)).Poison
	}
	s.send(l, to)
}

func (s *simulation) send(l *letter, to []*lane) {
	if back := s.publishable(l.from.process); back > s.now {
		s.plan(back, func() { s.send(l, to) })
		return
	}
	for _, lane := range to {
		lane.arrive(l)
	}
}

// publishable is when a process can publish. The first event that it cannot send
// is tried again and again, and those behind it wait.
func (s *simulation) publishable(p *process) time.Duration {
	for _, w := range s.busAway {
		if w.Contains(s.now) && p.publishes < w.End() {
			p.publishes = found(s.now, w.End())
		}
	}
	return max(p.publishes, s.now)
}

// found is when whoever has lost the bus at a moment finds out that it is back.
func found(lost, back time.Duration) time.Duration {
	at := lost
	for pause := clock.BusFrom; at < back; pause = min(2*pause, clock.BusUpTo) {
		if at-lost >= clock.PublishPatience {
			lost, pause = at, clock.BusFrom
		}
		at += pause
	}
	return at
}

func (l *letter) interaction(at time.Duration) fault.Interaction {
	return fault.Event(l.request, "/crosstalk/"+l.from.name, l.id, at)
}

// lane is one reader of one topic: it takes in what arrives, and hands it on in
// order, when the delays that the bus asked for are over.
type lane struct {
	sim     *simulation
	process *process
	// handle hands letters on. It calls done when that is over; then they are not
	// delivered again.
	handle func(batch []*letter, done func())

	backlog []*letter // arrived, not taken in
	parcels []parcel
	busy    bool
	epoch   int           // of the reading, which outages and rebalances begin anew
	wake    time.Duration // when the next turn is planned

	// For a rebalance: what was handed on since the position was last committed.
	uncommitted []*letter
	committedAt time.Duration
}

// parcel is a letter that is held up.
type parcel struct {
	*letter
	asked    time.Duration
	since    time.Duration
	due      time.Duration
	isBehind bool // it waits for the one that follows it
}

// unread is when the reader can read next.
func (l *lane) unread() time.Duration {
	at := l.sim.now
	for {
		back := l.sim.rejoining.until(l.process.away.until(l.sim.busUnread.until(at)))
		if back == at {
			return at
		}
		at = back
	}
}

func (l *lane) arrive(x *letter) {
	if !l.sim.lossy {
		l.handle([]*letter{x}, func() {})
		return
	}
	if back := l.unread(); back > l.sim.now {
		l.sim.plan(back, func() { l.arrive(x) })
		return
	}
	l.backlog = append(l.backlog, x)
	l.turn()
}

// turn takes in what has arrived and hands on what is due.
func (l *lane) turn() {
	if l.busy {
		return
	}
	for _, x := range l.backlog {
		l.admit(x)
	}
	clear(l.backlog)
	l.backlog = l.backlog[:0]
	n := 0
	for n < len(l.parcels) && l.parcels[n].due <= l.sim.now {
		n++
	}
	switch {
	case n > 0:
		l.hold(n)
	case len(l.parcels) > 0 && (l.wake <= l.sim.now || l.parcels[0].due < l.wake):
		l.wake = l.parcels[0].due
		l.later(l.wake, l.turn)
	}
}

// later plans something for this epoch alone.
func (l *lane) later(at time.Duration, do func()) {
	epoch := l.epoch
	l.sim.plan(at, func() {
		if l.epoch == epoch {
			do()
		}
	})
}

// hold waits while readers are stalled, or this one is frozen, and hands on.
func (l *lane) hold(n int) {
	l.busy = true
	free := l.process.frozen.until(l.sim.stalled.until(l.sim.now))
	if free > l.sim.now {
		l.later(free, func() { l.hand(n) })
		return
	}
	l.hand(n)
}

func (l *lane) hand(n int) {
	batch := make([]*letter, n)
	for i, p := range l.parcels[:n] {
		batch[i] = p.letter
	}
	epoch := l.epoch
	l.handle(batch, func() {
		if l.epoch != epoch {
			return
		}
		clear(l.parcels[:n])
		l.parcels = l.parcels[n:]
		l.commit(batch)
		l.busy = false
		l.turn()
	})
}

func (l *lane) commit(handled []*letter) {
	if len(l.sim.rejoining) == 0 {
		return
	}
	l.uncommitted = append(l.uncommitted, handled...)
	if l.sim.now-l.committedAt >= clock.CommitInterval {
		l.uncommitted, l.committedAt = nil, l.sim.now
	}
}

// admit decides what a letter meets.
func (l *lane) admit(x *letter) {
	var met fault.Passage
	if l.sim.bus != nil {
		met = l.sim.bus.Meet(x.interaction(l.sim.now))
	}
	if met.Drop {
		if x.lost != nil {
			x.lost()
		}
		return
	}
	l.put(x, met)
	if met.Duplicate {
		l.put(x, fault.Passage{})
	}
}

// put adds a parcel. A delay keeps the order: nothing is due before what is ahead
// of it. One that is to be reordered waits for the next one, and lets it pass.
func (l *lane) put(x *letter, met fault.Passage) {
	now := l.sim.now
	l.parcels = append(l.parcels, parcel{letter: x, asked: met.Delay, since: now, due: now + met.Delay})
	p, last := l.parcels, len(l.parcels)-1
	switch {
	case last > 0 && p[last-1].isBehind:
		p[last-1].isBehind = false
		p[last-1].due = p[last-1].since + p[last-1].asked
		p[last-1], p[last] = p[last], p[last-1]
	case met.Reorder:
		p[last].isBehind = true
		p[last].due += clock.ReorderPatience
	}
	for i := max(last-1, 1); i <= last; i++ {
		p[i].due = max(p[i].due, p[i-1].due)
	}
}

// restart begins the reading anew, after an outage from where it was, after a
// rebalance from the last commit on.
func (l *lane) restart(fromCommit bool) {
	var again []*letter
	if fromCommit {
		again, l.uncommitted = l.uncommitted, nil
	}
	for _, p := range l.parcels {
		again = append(again, p.letter)
	}
	again = append(again, l.backlog...)
	l.epoch++
	l.parcels, l.backlog, l.busy, l.wake, l.committedAt = nil, nil, false, 0, l.sim.now
	for _, x := range again {
		l.arrive(x)
	}
}
