package predict

import "time"

// calendar is virtual time: what is to happen, in order. What happens at the same
// moment does so in the order in which it was planned.
type calendar struct {
	now    time.Duration
	events []event // a binary heap
	order  uint64
	// sweepAt is how long the heap has to be for void events to be dropped.
	sweepAt int
}

type event struct {
	at    time.Duration
	order uint64
	of    *visit // whose step it is
	do    step
}

// step is what a visit does next. It is most often a method of visit, since a
// closure would be made anew each time.
type step func(v *visit)

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.order < o.order
}

// plan has do called at a moment.
func (c *calendar) plan(at time.Duration, do func()) { c.planStep(at, nil, func(*visit) { do() }) }

// planStep has a visit take a step at a moment, unless it is over by then.
func (c *calendar) planStep(at time.Duration, of *visit, do step) {
	c.order++
	if of != nil && of.request != nil {
		of.request.planned++
	}
	if len(c.events) >= max(c.sweepAt, sweepFrom) {
		c.sweep()
	}
	e := event{at, c.order, of, do}
	c.events = append(c.events, e)
	h, i := c.events, len(c.events)-1
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].before(&e) {
			break
		}
		h[i] = h[parent]
		i = parent
	}
	h[i] = e
}

// sweepFrom is a heap that is too short to be swept.
const sweepFrom = 1024

// sweep drops the events that have become void, such as deadlines of what is over:
// each would keep its visit, and all that this knows, until its time comes. Half of
// the heap at least is new since the last sweep, so the cost is that of planning.
func (c *calendar) sweep() {
	kept := c.events[:0]
	for _, e := range c.events {
		if e.void() {
			e.taken()
			continue
		}
		kept = append(kept, e)
	}
	clear(c.events[len(kept):])
	c.events = kept
	for i := len(kept)/2 - 1; i >= 0; i-- {
		c.sink(i, kept[i])
	}
	c.sweepAt = 2 * len(kept)
}

// void reports whether an event no longer does anything.
func (e *event) void() bool { return e.of != nil && e.of.over }

// taken tells an event's request that it is no longer planned.
func (e *event) taken() {
	if e.of != nil && e.of.request != nil {
		e.of.request.planned--
		e.of.request.retire()
	}
}

// next is when something happens next.
func (c *calendar) next() (time.Duration, bool) {
	if len(c.events) == 0 {
		return 0, false
	}
	return c.events[0].at, true
}

// step has the next thing happen.
func (c *calendar) step() {
	e := c.pop()
	c.now = e.at
	if !e.void() {
		e.do(e.of)
	}
	e.taken()
}

func (c *calendar) pop() event {
	h, last := c.events, len(c.events)-1
	top, moved := h[0], h[last]
	h[last] = event{}
	c.events = h[:last]
	if last > 0 {
		c.sink(0, moved)
	}
	return top
}

// sink puts an event at i, or as far below as it belongs.
func (c *calendar) sink(i int, e event) {
	h := c.events
	for child := 2*i + 1; child < len(h); child = 2*i + 1 {
		if right := child + 1; right < len(h) && h[right].before(&h[child]) {
			child = right
		}
		if e.before(&h[child]) {
			break
		}
		h[i] = h[child]
		i = child
	}
	h[i] = e
}
