package predict

import "time"

// clock is virtual time: what is to happen, in order. What happens at the same
// moment does so in the order in which it was planned.
type clock struct {
	now    time.Duration
	events []event // a binary heap
	order  uint64
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
func (c *clock) plan(at time.Duration, do func()) { c.planStep(at, nil, func(*visit) { do() }) }

// planStep has a visit take a step at a moment, unless it is over by then.
func (c *clock) planStep(at time.Duration, of *visit, do step) {
	c.order++
	if of != nil && of.request != nil {
		of.request.planned++
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

// next is when something happens next.
func (c *clock) next() (time.Duration, bool) {
	if len(c.events) == 0 {
		return 0, false
	}
	return c.events[0].at, true
}

// step has the next thing happen.
func (c *clock) step() {
	e := c.pop()
	c.now = e.at
	if e.of == nil || !e.of.over {
		e.do(e.of)
	}
	if e.of != nil && e.of.request != nil {
		e.of.request.planned--
		e.of.request.retire()
	}
}

func (c *clock) pop() event {
	h, last := c.events, len(c.events)-1
	top, moved := h[0], h[last]
	h[last] = event{}
	h = h[:last]
	c.events = h
	i := 0
	for child := 1; child < last; child = 2*i + 1 {
		if right := child + 1; right < last && h[right].before(&h[child]) {
			child = right
		}
		if moved.before(&h[child]) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if last > 0 {
		h[i] = moved
	}
	return top
}
