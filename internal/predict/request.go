package predict

import (
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/schedule"
)

// submit sends a request as soon as the in-flight window has room.
func (s *simulation) submit(r schedule.Read) {
	if s.underWay >= int(s.MaxInFlight) {
		s.heldBack = true
		s.backlog = append(s.backlog, r)
		return
	}
	s.underWay++
	s.dispatch(r)
}

func (s *simulation) dispatch(r schedule.Read) {
	q := s.newRequest()
	q.read, q.sent = r, s.now
	if s.driver.up(s.now) {
		q.visit.id, q.visit.key, q.visit.deadline = r.ID, r.Key, s.now+s.timeout
		q.visit.start()
	} else {
		q.done(codes.Unavailable, age{})
	}
	q.retire()
}

// request is a query of the driver.
type request struct {
	sim  *simulation
	read schedule.Read
	sent time.Duration
	over bool

	visit visit // to the entry, which all other visits are below
	// planned counts the steps to come of all of these visits.
	planned int
}

// newRequest returns one that nobody knows any more, if there is one: what a
// request leads to is a tree of some kilobytes, and always the same one.
func (s *simulation) newRequest() *request {
	var q *request
	if n := len(s.spare); n > 0 {
		q, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		q = &request{}
	}
	*q = request{sim: s, visit: visit{sim: s, node: s.entry, caller: q, request: q, calls: q.visit.calls[:0]}}
	return q
}

// retire keeps a request for the next one to use. Its visits are known to none but
// each other, and to the steps that are planned for them.
func (q *request) retire() {
	if q.over && q.planned == 0 && q.sim.reuses {
		q.sim.spare = append(q.sim.spare, q)
	}
}

// reusable tells whether nobody else holds on to visits: no queue for workers, no
// try after the first one, and no event that is held up.
func (s *simulation) reusable() bool {
	for _, n := range s.nodes {
		if n.capacity.Workers > 0 {
			return false
		}
		for _, need := range n.needs {
			if !need.policy.IsZero() {
				return false
			}
		}
	}
	return !s.lossy
}

func (q *request) told(v *visit, code codes.Code) { q.done(code, v.age) }

func (q *request) done(code codes.Code, a age) {
	s := q.sim
	q.over = true
	row := Row{ID: q.read.ID, Due: q.read.Due, Sent: q.sent, Done: s.now, Code: code}
	if code == codes.OK && a.stale && a.since < row.Due {
		row.Stale, row.Age = true, row.Due-a.since
	}
	s.tally.add(row)
	if s.options.Each != nil {
		s.options.Each(row)
	}
	s.underWay--
	switch {
	case s.load.Rate == 0:
		s.plan(s.now, s.again)
	case len(s.backlog) > 0:
		next := s.backlog[0]
		s.backlog = s.backlog[1:]
		s.underWay++
		s.plan(s.now, func() { s.dispatch(next) })
	}
}
