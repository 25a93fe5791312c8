package policy

import "time"

// Circuit is the state of a breaker: a pure function of the calls and their times, so
// that services and the simulator share it. It opens when enough of the last Count
// calls failed, refuses everything for Open, and then lets one call through, the trial,
// whose verdict closes it or opens it again. A nil Circuit lets everything through.
// It is not safe for concurrent use.
type Circuit struct {
	Breaker
	state    circuitState
	failures []bool // a ring of the last calls
	calls    int
	failed   int
	opened   time.Duration
	trial    bool // under way
	// epoch counts the changes of state: a call that began in an earlier one is no
	// verdict on the service as it is now.
	epoch int
}

type circuitState int

const (
	closed circuitState = iota
	open
	halfOpen
)

func (s circuitState) String() string { return [...]string{"closed", "open", "half-open"}[s] }

// Verdict is what a call says of the service.
type Verdict int

// The verdicts. None is that of a call that its caller gave up.
const (
	None Verdict = iota
	Succeeded
	Failed
)

// Permit is a circuit's leave for one call.
type Permit struct{ epoch int }

// NewCircuit returns a closed circuit, and nil where the breaker never opens.
func NewCircuit(b Breaker) *Circuit {
	if b.Count == 0 {
		return nil
	}
	return &Circuit{Breaker: b, failures: make([]bool, b.Count)}
}

// Allow reports whether a call may be made now. Each permit is given back to Record.
func (c *Circuit) Allow(now time.Duration) (Permit, bool) {
	if c == nil {
		return Permit{}, true
	}
	if c.state == open && now-c.opened >= c.Open {
		c.become(halfOpen)
	}
	switch {
	case c.state == open || c.trial:
		return Permit{}, false
	case c.state == halfOpen:
		c.trial = true
	}
	return Permit{c.epoch}, true
}

// Record tells how a call that was allowed has ended.
func (c *Circuit) Record(p Permit, v Verdict, now time.Duration) {
	if c == nil || p.epoch != c.epoch {
		return
	}
	c.trial = false
	switch {
	case v == None: // the next call is the trial
	case c.state == halfOpen && v == Succeeded:
		c.become(closed)
	case c.state == halfOpen:
		c.trip(now)
	default:
		c.count(v == Failed)
		if c.failed >= c.Failures() {
			c.trip(now)
		}
	}
}

func (c *Circuit) trip(now time.Duration) {
	c.opened = now
	c.become(open)
}

func (c *Circuit) become(s circuitState) {
	c.state = s
	c.epoch++
	c.calls, c.failed = 0, 0
}

func (c *Circuit) count(failed bool) {
	i := c.calls % c.Count
	if c.calls >= c.Count && c.failures[i] {
		c.failed--
	}
	c.failures[i] = failed
	if failed {
		c.failed++
	}
	c.calls++
}
