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
	of    *visit // nothing happens if that is over by then; nil = in any case
	do    func()
}

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.order < o.order
}

// plan has do called at a moment.
func (c *clock) plan(at time.Duration, of *visit, do func()) {
	c.order++
	c.events = append(c.events, event{at, c.order, of, do})
	h, i := c.events, len(c.events)-1
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].before(&h[i]) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
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
		e.do()
	}
}

func (c *clock) pop() event {
	h := c.events
	top, last := h[0], len(h)-1
	h[0], h[last] = h[last], event{}
	h = h[:last]
	c.events = h
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h[child].before(&h[least]) {
				least = child
			}
		}
		if least == i {
			return top
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
