package predict

import (
	"strconv"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/fault"
)

// try is one try of a need.
type try struct {
	pursuit  *pursuit
	n        int
	started  time.Duration
	deadline time.Duration
	visit    *visit // to the supplier or the copy, which ends with the try; nil over the bus
	over     bool
	age      age

	place visit // the memory of the visit; of one that is posted, it stands for its deadline
	// posted tells that an event is on its way that may be lost.
	posted bool
}

func (t *try) start() {
	need, sim := t.pursuit.need, t.pursuit.visit.sim
	switch need.link {
	case copied:
		t.lookUp()
	case ask:
		t.ask()
	case function:
		t.visit = t.query(&t.place, need.supplier)
		t.visit.inProcess = true
		t.visit.start()
	default:
		if !need.wire.up(sim.now) {
			t.done(codes.Unavailable)
			return
		}
		t.visit = t.query(&t.place, need.supplier)
		t.visit.start()
	}
}

// query makes v the visit that this try is to a node.
func (t *try) query(v *visit, at *node) *visit {
	asker := t.pursuit.visit
	v.sim, v.node, v.use = asker.sim, at, fault.Call
	v.id, v.try, v.key, v.request = asker.id, fault.Again(asker.try, t.n), asker.key, asker.request
	v.deadline, v.caller = t.deadline, t
	return v
}

// lookUp reads the consumer's copy.
func (t *try) lookUp() {
	need := t.pursuit.need
	v := t.query(&t.place, need.consumer)
	v.inProcess = true
	t.visit = v
	v.through(need.reads, fault.Read, (*visit).readCopy)
}

func (v *visit) readCopy() {
	t := v.caller.(*try)
	t.age = t.pursuit.need.copy.age(v.key)
	v.end(codes.OK)
}

// told is told by the visit. Over the bus, any answer can come too late.
func (t *try) told(_ *visit, code codes.Code) {
	if t.visit == nil && t.tooLate() {
		code = codes.DeadlineExceeded
	}
	t.done(code)
}

func (t *try) done(code codes.Code) {
	if t.over {
		return
	}
	t.over = true
	if t.posted {
		t.place.over = true
	}
	t.pursuit.tried(t, code)
}

// cancel gives the try up. What happens elsewhere is not waited for, and what was
// asked over the bus goes on.
func (t *try) cancel() {
	v := t.visit
	if v != nil && v.inProcess {
		v.cancel()
		return
	}
	if v != nil {
		v.caller = nil
		v.cancel()
	}
	t.done(codes.Canceled)
}

// ask sends a query event. Where nothing holds events up, that is a call which
// nobody can cancel.
func (t *try) ask() {
	supplier := t.pursuit.need.supplier
	switch {
	case t.pursuit.visit.sim.lossy:
		t.send(supplier)
	case !t.tooLate():
		t.query(&t.place, supplier).start()
	}
}

func (t *try) tooLate() bool { return t.pursuit.visit.sim.now >= t.deadline }

// send sends it over a bus that may lose it: only the deadline is certain.
func (t *try) send(supplier *node) {
	v, consumer := t.pursuit.visit, t.pursuit.need.consumer
	t.posted = true
	v.sim.planStep(t.deadline, t.query(&t.place, supplier), func(*visit) { t.done(codes.DeadlineExceeded) })
	query := &letter{request: v.id, from: consumer}
	query.id = consumer.name + "-" + supplier.name + "-" + strconv.FormatInt(v.id, 10) + "-" +
		strconv.FormatUint(fault.Again(v.try, t.n), 16)
	query.deliver = func() {
		if query.poisonous || t.tooLate() {
			return
		}
		asked := t.query(&visit{}, supplier) // another one each time that it is delivered
		asked.caller = &reply{t, query}
		asked.start()
	}
	v.sim.publish(query, supplier.queries)
}

// reply is how the answer to a query event comes back.
type reply struct {
	try   *try
	query *letter
}

func (r *reply) told(v *visit, code codes.Code) {
	if r.try.tooLate() {
		return
	}
	result := &letter{request: v.id, from: v.node, id: v.node.name + "-" + r.query.id}
	result.deliver = func() {
		if result.poisonous {
			code = codes.Internal
		}
		r.try.done(code)
	}
	v.sim.publish(result, r.try.pursuit.need.consumer.replies)
}
