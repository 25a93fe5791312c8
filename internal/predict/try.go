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
	isHedge  bool
	started  time.Duration
	deadline time.Duration
	visit    *visit // of the supplier or of the copy; nil over the bus
	over     bool
	age      age
}

func (t *try) start() {
	need, sim := t.pursuit.need, t.pursuit.visit.sim
	switch need.link {
	case copied:
		t.lookUp()
	case ask:
		t.ask()
	case function:
		t.visit = t.query(need.supplier)
		t.visit.inProcess = true
		t.visit.start()
	default:
		if !need.wire.up(sim.now) {
			t.done(codes.Unavailable)
			return
		}
		t.visit = t.query(need.supplier)
		t.visit.start()
	}
}

// query is the visit that this try is to a node.
func (t *try) query(at *node) *visit {
	v := t.pursuit.visit
	return &visit{
		sim: v.sim, node: at, use: fault.Call, id: v.id, try: fault.Again(v.try, t.n), key: v.key, due: v.due,
		deadline: t.deadline, caller: t,
	}
}

// lookUp reads the consumer's copy.
func (t *try) lookUp() {
	need := t.pursuit.need
	v := t.query(need.consumer)
	v.inProcess = true
	t.visit = v
	v.through(need.reads, fault.Read, func() {
		t.age = need.copy.age(v.key)
		v.end(codes.OK)
	})
}

// told is told by the visit.
func (t *try) told(_ *visit, code codes.Code) { t.done(code) }

func (t *try) done(code codes.Code) {
	if t.over {
		return
	}
	t.over = true
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

// ask sends a query event. Where one can be lost, only the deadline is certain.
func (t *try) ask() {
	need, v := t.pursuit.need, t.pursuit.visit
	sim := v.sim
	query := &letter{request: v.id, from: need.consumer}
	if sim.lossy {
		sim.plan(t.deadline, nil, func() { t.done(codes.DeadlineExceeded) })
		query.id = need.consumer.name + "-" + need.name + "-" + strconv.FormatInt(v.id, 10) + "-" +
			strconv.FormatUint(fault.Again(v.try, t.n), 16)
	}
	query.deliver = func() {
		if query.poisonous || sim.now >= t.deadline {
			return
		}
		asked := t.query(need.supplier)
		asked.caller = &reply{t, query}
		asked.start()
	}
	sim.publish(query, need.supplier.queries)
}

// reply is how the answer to a query event comes back.
type reply struct {
	try   *try
	query *letter
}

func (r *reply) told(v *visit, code codes.Code) {
	if v.sim.now >= v.deadline {
		if !v.sim.lossy {
			r.try.done(codes.DeadlineExceeded)
		}
		return
	}
	result := &letter{request: v.id, from: v.node}
	if v.sim.lossy {
		result.id = v.node.name + "-" + r.query.id
	}
	result.deliver = func() {
		if result.poisonous {
			code = codes.Internal
		}
		r.try.done(code)
	}
	v.sim.publish(result, r.try.pursuit.need.consumer.replies)
}
