package predict

import (
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
	"crosstalk/internal/record"
)

// visit is one use of a service, or a look-up in one of its copies, from its
// beginning to its end.
type visit struct {
	sim      *simulation
	node     *node
	use      fault.Use
	id       int64
	try      uint64
	key      record.Key
	deadline time.Duration
	request  *request // of the driver, that it is for; nil where it is for none
	// caller is told of the end. It is nil when nobody is: a caller that gave up,
	// or whose call was cut off.
	caller caller
	// inProcess tells that the caller cannot go on before the visit has ended.
	inProcess bool

	born      uint64
	over      bool
	queued    bool
	worker    bool
	gathering bool
	starting  bool
	gaveUp    bool
	calls     []pursuit // that have begun, of as many as there are needs
	pending   int
	next      int // of the needs, where they are fetched one after the other
	failure   codes.Code
	age       age
}

// caller is who waits for a visit.
type caller interface {
	told(v *visit, code codes.Code)
}

// age is how an answer stands to the truth: outdated since a moment.
type age struct {
	stale bool
	since time.Duration
}

// oldest keeps the older of the two.
func (a *age) oldest(b age) {
	if b.stale && (!a.stale || b.since < a.since) {
		*a = b
	}
}

func (v *visit) start() {
	v.live()
	v.thaw((*visit).take)
}

// live has the visit die with its process.
func (v *visit) live() {
	if living := v.node.process.living; living != nil && !v.inProcess {
		v.sim.order++
		v.born = v.sim.order
		living[v] = struct{}{}
	}
}

func (v *visit) take() { v.node.take(v) }

// thaw goes on as soon as the process is not frozen.
func (v *visit) thaw(then step) {
	frozen := v.node.process.frozen
	if len(frozen) == 0 {
		then(v)
		return
	}
	v.wait(frozen.until(v.sim.now)-v.sim.now, then)
}

// wait goes on after a while, or ends the visit at its deadline. A wait that would
// end at the very deadline is one that the deadline ends.
func (v *visit) wait(d time.Duration, then step) {
	switch end := v.sim.now + d; {
	case d == 0:
		then(v)
	case end >= v.deadline:
		v.expire()
	default:
		v.sim.planStep(end, v, then)
	}
}

// expire ends the visit at its deadline.
func (v *visit) expire() {
	v.sim.planStep(max(v.deadline, v.sim.now), v, (*visit).expired)
}

func (v *visit) expired() { v.end(codes.DeadlineExceeded) }

// pass meets the faults of the boundary, unless nobody waits for the visit any more.
func (v *visit) pass() {
	if v.sim.now >= v.deadline {
		v.expired()
		return
	}
	v.meet(v.node.boundary, v.use, (*visit).gather)
}

func (v *visit) meet(b *fault.Boundary, use fault.Use, then step) {
	d := b.Decide(fault.Interaction{Use: use, ID: v.id, Try: v.try, At: v.sim.now})
	switch {
	case d.Hang:
		v.expire()
	case d.Abort != codes.OK:
		code := d.Abort
		v.wait(d.Delay, func(v *visit) { v.end(code) })
	default:
		v.wait(d.Delay, then)
	}
}

// gather fetches what the service needs, unless this is a publication.
func (v *visit) gather() {
	switch {
	case v.use == fault.Publish:
		v.thaw((*visit).answer)
	case len(v.node.needs) == 0:
		v.lookUp()
	case v.sim.sequential:
		v.gathering = true
		v.fetch()
	default:
		v.gathering, v.starting = true, true
		v.pending = len(v.node.needs)
		for _, need := range v.node.needs {
			v.pursue(need)
		}
		v.starting = false
		v.settle()
	}
}

// fetch fetches the next one of several needs.
func (v *visit) fetch() {
	if v.next == len(v.node.needs) || v.failure != codes.OK {
		v.gathered()
		return
	}
	v.pending = 1
	v.next++
	v.pursue(v.node.needs[v.next-1])
}

func (v *visit) pursue(need *edge) {
	n := len(v.calls)
	if cap(v.calls) == 0 {
		v.calls = make([]pursuit, 0, len(v.node.needs))
	}
	v.calls = v.calls[:n+1]
	v.calls[n].begin(v, need)
}

// came is told how a need has ended. The first failure decides, and the other
// calls are given up.
func (v *visit) came(p *pursuit, code codes.Code) {
	v.pending--
	v.age.oldest(p.age)
	if code != codes.OK && v.failure == codes.OK {
		v.failure = code
		if !v.starting {
			v.giveUp()
		}
	}
	if !v.starting {
		v.settle()
	}
}

// giveUp gives up the calls that are under way; no other ones will follow.
func (v *visit) giveUp() {
	if v.gaveUp {
		return
	}
	v.gaveUp = true
	for i := range v.calls {
		v.calls[i].cancel()
	}
}

// settle goes on when no call is under way any more.
func (v *visit) settle() {
	switch {
	case v.over || !v.gathering:
	case v.pending > 0:
		if v.failure != codes.OK {
			v.giveUp()
		}
	case v.sim.sequential:
		v.fetch()
	default:
		v.gathered()
	}
}

func (v *visit) gathered() {
	v.gathering = false
	if v.failure != codes.OK {
		v.end(v.failure)
		return
	}
	v.lookUp()
}

// lookUp reads the service's own record, if it has one.
func (v *visit) lookUp() {
	if !v.node.owns {
		v.thaw((*visit).answer)
		return
	}
	v.through(v.node.own, fault.Read, (*visit).answerThawed)
}

func (v *visit) answerThawed() { v.thaw((*visit).answer) }

// through passes the faults of a database.
func (v *visit) through(faults []*fault.Boundary, use fault.Use, then step) {
	if len(faults) == 0 {
		then(v)
		return
	}
	v.meet(faults[0], use, func(v *visit) { v.through(faults[1:], use, then) })
}

func (v *visit) answer() { v.end(codes.OK) }

// end is the end, however it comes. What comes at the deadline comes too late.
func (v *visit) end(code codes.Code) {
	if v.over {
		return
	}
	v.over = true
	if code == codes.OK && v.sim.now >= v.deadline {
		code = codes.DeadlineExceeded
	}
	if code == codes.DeadlineExceeded || code == codes.Canceled {
		v.node.givenUp = true
	}
	if v.queued {
		v.queued = false
		v.node.waiting--
	}
	if v.born > 0 {
		delete(v.node.process.living, v)
	}
	if v.worker { // before the answer, which may bring the next visit
		v.worker = false
		v.node.free()
	}
	v.tell(code)
}

func (v *visit) tell(code codes.Code) {
	if c := v.caller; c != nil {
		v.caller = nil
		c.told(v, code)
	}
}

// cancel ends the visit for a caller that has given up. It can take until what
// the visit waits for has noticed.
func (v *visit) cancel() {
	if v.over {
		return
	}
	if !v.gathering {
		v.end(codes.Canceled)
		return
	}
	if v.failure == codes.OK {
		v.failure = codes.Canceled
	}
	v.giveUp()
	v.settle()
}

// late tells a caller that waits elsewhere that the deadline has passed, while
// the visit goes on.
func (v *visit) late() {
	if v.sim.now < v.deadline {
		return
	}
	if t, ok := v.caller.(*try); ok && v.inProcess {
		t.pursuit.visit.late()
		return
	}
	v.tell(codes.DeadlineExceeded)
}

// kill ends the visit with its process. Who called is cut off at once; who asked
// over the bus, or waits for a change, hears nothing.
func (v *visit) kill() {
	switch v.caller.(type) {
	case *reply, *passing:
		v.caller = nil
	default:
		v.tell(codes.Unavailable)
	}
	v.cancel()
}
