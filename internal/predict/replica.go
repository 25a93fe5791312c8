package predict

import (
	"slices"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/clock"
	"crosstalk/internal/fault"
	"crosstalk/internal/record"
	"crosstalk/internal/schedule"
)

// change is a write on its way to the copies.
type change struct {
	write   int64
	key     record.Key
	version uint64
	attempt uint64
	passed  bool
}

// relay publishes an owner's changes: they pass its boundary side by side, as
// calls would, and leave in order.
type relay struct {
	sim    *simulation
	node   *node
	copies []*replica
	queue  []*change
	epoch  int // of the process
}

func (r *relay) add(c *change) {
	r.queue = append(r.queue, c)
	if r.node.process.away.until(r.sim.now) == r.sim.now {
		r.pass(c, clock.RepublishFrom)
	}
}

// pass is one attempt, and those that follow it.
func (r *relay) pass(c *change, wait time.Duration) {
	v := &visit{
		sim: r.sim, node: r.node, use: fault.Publish, id: c.write, try: c.attempt,
		deadline: r.sim.now + r.sim.timeout, caller: &passing{r, c, wait},
	}
	v.start()
}

// passing waits for an attempt.
type passing struct {
	relay *relay
	*change
	wait time.Duration
}

func (p *passing) told(v *visit, code codes.Code) {
	r := p.relay
	p.attempt++
	if code == codes.OK {
		p.passed = true
		r.flush()
		return
	}
	epoch := r.epoch
	r.sim.plan(v.sim.now+p.wait, func() {
		if r.epoch == epoch {
			r.pass(p.change, min(2*p.wait, clock.RepublishUpTo))
		}
	})
}

// flush publishes what has passed from the front of the queue.
func (r *relay) flush() {
	n := 0
	for n < len(r.queue) && r.queue[n].passed {
		n++
	}
	leaving := slices.Clone(r.queue[:n])
	r.queue = slices.Delete(r.queue, 0, n)
	for _, c := range leaving {
		l := &letter{request: c.write, from: r.node, change: c}
		if r.sim.lossy {
			l.id = changeID(r.node.name, c)
		}
		l.lost = func() {
			for _, copy := range r.copies {
				copy.lose(c)
			}
		}
		var lanes []*lane
		for _, copy := range r.copies {
			lanes = append(lanes, copy.lane)
		}
		r.sim.publish(l, lanes...)
	}
}

// resume passes what had not passed when the process went away.
func (r *relay) resume() {
	for _, c := range slices.Clone(r.queue) {
		if !c.passed {
			r.pass(c, clock.RepublishFrom)
		}
	}
	r.flush()
}

// replica is a consumer's copy of an owner's records.
type replica struct {
	sim      *simulation
	consumer *node
	lane     *lane
	applying []*fault.Boundary // that a transaction passes
	// waiting are the acknowledged versions of a key that the copy lacks.
	waiting map[record.Key][]waiting
	visible map[record.Key]uint64
}

type waiting struct {
	version uint64
	since   time.Duration
	lost    bool
}

func (r *replica) acknowledged(c *change) {
	if r.visible[c.key] < c.version {
		r.waiting[c.key] = append(r.waiting[c.key], waiting{c.version, r.sim.now, false})
	}
}

// age is how the copy stands to the truth.
func (r *replica) age(key record.Key) age {
	if w := r.waiting[key]; len(w) > 0 {
		return age{true, w[0].since}
	}
	return age{}
}

// apply stores a batch of changes in one transaction, again and again while a
// fault of the database keeps it from doing so.
func (r *replica) apply(batch []*letter, done func()) {
	var changes []*change
	for _, l := range batch {
		if l.poisonous {
			r.lose(l.change)
			continue
		}
		changes = append(changes, l.change)
	}
	if len(changes) == 0 {
		done()
		return
	}
	r.attempt(batch[0].request, 0, clock.RepublishFrom, func() {
		for _, c := range changes {
			r.show(c)
		}
		done()
	})
}

func (r *replica) attempt(write int64, try int, wait time.Duration, then func()) {
	v := &visit{
		sim: r.sim, node: r.consumer, id: write, try: fault.Again(0, try), deadline: never,
		caller: teller(func(code codes.Code) {
			if code == codes.OK {
				then()
				return
			}
			r.lane.later(r.sim.now+wait, func() { r.attempt(write, try+1, min(2*wait, clock.RepublishUpTo), then) })
		}),
	}
	v.through(r.applying, fault.Apply, (*visit).answer)
}

// never is later than all that happens.
const never = time.Duration(1<<63 - 1)

// teller is a caller by what it does.
type teller func(code codes.Code)

func (t teller) told(_ *visit, code codes.Code) { t(code) }

// show makes a version visible, and with it what is older.
func (r *replica) show(c *change) {
	still := r.waiting[c.key][:0]
	for _, w := range r.waiting[c.key] {
		switch {
		case w.version > c.version:
			still = append(still, w)
		case !w.lost:
			r.sim.tally.lagged(r.sim.now, r.sim.now-w.since)
		}
	}
	if len(still) == 0 {
		delete(r.waiting, c.key)
	} else {
		r.waiting[c.key] = still
	}
	if len(r.applying) > 0 || r.sim.lossy {
		r.visible[c.key] = max(r.visible[c.key], c.version)
	}
}

// lose notes that a version will never be there, so it has no lag.
func (r *replica) lose(c *change) {
	for i, w := range r.waiting[c.key] {
		if w.version == c.version {
			r.waiting[c.key][i].lost = true
		}
	}
}

// write has an owner store what is due.
func (s *simulation) write(w schedule.Write) {
	owner := s.byName[w.Service]
	s.versions[cell{owner, w.Key}]++
	c := &change{write: w.ID, key: w.Key, version: s.versions[cell{owner, w.Key}]}
	if !s.wires[owner].up(s.now) {
		return
	}
	v := &visit{sim: s, node: owner, id: w.ID, deadline: s.now + s.timeout, caller: teller(func(code codes.Code) {
		if code == codes.OK {
			s.stored(owner, c)
		}
	})}
	v.live()
	v.thaw(func(v *visit) { v.through(owner.own, fault.Apply, (*visit).answer) })
}

// stored acknowledges a change, unless a newer one was there before it.
func (s *simulation) stored(owner *node, c *change) {
	if len(owner.own) > 0 {
		newest := s.newest[cell{owner, c.key}]
		if newest > c.version {
			return
		}
		s.newest[cell{owner, c.key}] = c.version
	}
	for _, e := range s.falling {
		if known, ok := e.known[c.key]; ok && e.supplier == owner && !known.stale {
			e.known[c.key] = age{true, s.now}
		}
	}
	if owner.relay != nil {
		for _, copy := range owner.relay.copies {
			copy.acknowledged(c)
		}
		owner.relay.add(c)
	}
}

// changeID names a change, as package asyncreplicated does: version 1 of each key
// is from before the load.
func changeID(owner string, c *change) string {
	return owner + "-" + strconv.FormatUint(uint64(c.key), 10) + "-" + strconv.FormatUint(c.version+1, 10)
}

// cell is one key of one owner.
type cell struct {
	owner *node
	key   record.Key
}

// fallBack answers a failure with what is known, and learns from an answer. A
// copy may answer with less than was known before.
func (p *pursuit) fallBack(code codes.Code) codes.Code {
	need, key := p.need, p.visit.key
	known, ok := need.known[key]
	switch {
	case code == codes.OK:
		if !ok || !p.age.stale || known.stale && known.since <= p.age.since {
			need.known[key] = p.age
		}
	case ok && !p.given:
		p.age = known
		return codes.OK
	}
	return code
}
