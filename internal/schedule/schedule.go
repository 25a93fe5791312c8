// Package schedule decides what is due when, and for which key.
//
// Its law: a schedule is a function of the plan alone. It knows no clock, no
// topology and nothing of what came back, so the load is the same in all of them.
package schedule

import (
	"fmt"
	"math"
	"time"

	"crosstalk/internal/record"
	"crosstalk/internal/seeded"
)

// Longest is the longest measured part of a plan, and of a run that is read.
const Longest = 31 * 24 * time.Hour

// Arrival is how the requests of an open loop are spread over time.
type Arrival string

// The arrivals.
const (
	// Constant arrivals are 1/rate apart.
	Constant Arrival = "constant"
	// Poisson arrivals are independent of each other: the gaps are exponentially
	// distributed with mean 1/rate.
	Poisson Arrival = "poisson"
)

// UnmarshalText reads "constant" or "poisson".
func (a *Arrival) UnmarshalText(text []byte) error {
	switch v := Arrival(text); v {
	case Constant, Poisson:
		*a = v
		return nil
	}
	return fmt.Errorf("unknown arrival %q: constant or poisson", text)
}

// MarshalText returns the arrival's name.
func (a Arrival) MarshalText() ([]byte, error) { return []byte(a), nil }

// clock gives the due times of one stream of operations, in order.
type clock struct {
	arrival Arrival
	rate    float64 // per second; 0 = nothing is ever due
	gaps    seeded.Source
	n       uint64
	sum     float64 // seconds, of the gaps so far
}

// next returns the due time of the next operation. The first constant one is due
// at 0; the first Poisson one after a gap, as if the stream had always run.
func (c *clock) next() time.Duration {
	if c.rate <= 0 {
		return never
	}
	var at float64
	switch c.arrival {
	case Poisson:
		c.sum -= math.Log(c.gaps.Unit(c.n)) / c.rate
		at = c.sum
	default:
		at = float64(c.n) / c.rate
	}
	c.n++
	return time.Duration(math.Min(at*1e9, never))
}

// never is later than any run. Unlike the largest Duration it has an exact float.
const never = 1 << 62

// Read is one query that is due.
type Read struct {
	// ID is the request's number: from 0 in the measured part, from −1 downwards
	// in the warm-up, so that the one does not depend on the other's length.
	ID  int64
	Due time.Duration
	Key record.Key
}

// Write is one write that is due. Its number counts as that of a Read.
type Write struct {
	ID      int64
	Due     time.Duration
	Service string
	Key     record.Key
}

// Plan is what is due in a run, and in every other run of its experiment.
type Plan struct {
	Seed    uint64
	Arrival Arrival
	// Rate is the reads due per second; 0 for a closed loop.
	Rate float64
	// WriteRate is the writes due per second, spread over the owners.
	WriteRate float64
	// WriteShare is the writes of a closed loop by the read, besides WriteRate.
	WriteShare float64
	Owners     []string
	Keys       int
	// PayloadBytes is the size of a record's payload.
	PayloadBytes int
	WarmUp       time.Duration
	Duration     time.Duration
}

// KeyOf returns the key that read id asks for: uniform over the keys.
func (p Plan) KeyOf(id int64) record.Key {
	return p.keys().of(id)
}

// keys are what reads ask for.
type keys struct {
	draws seeded.Source
	n     uint64
}

func (p Plan) keys() keys { return keys{seeded.NewSource(p.Seed, "read key"), uint64(p.Keys)} }

func (k keys) of(id int64) record.Key { return record.Key(k.draws.Hash(uint64(id)) % k.n) }

// Reads iterates over the queries that are due in the warm-up and then in the
// measured part.
type Reads struct {
	keys  keys
	phase phase
}

// Reads returns the queries of the plan.
func (p Plan) Reads() *Reads {
	return &Reads{p.keys(), newPhase(p, "read", p.Rate)}
}

// Next returns the next query; not ok at the end.
func (r *Reads) Next() (Read, bool) {
	id, due, ok := r.phase.next()
	if !ok {
		return Read{}, false
	}
	return Read{ID: id, Due: due, Key: r.keys.of(id)}, true
}

// Writes iterates over the writes likewise.
type Writes struct {
	plan  Plan
	phase phase
}

// Writes returns the writes of the plan: none where nobody owns records.
func (p Plan) Writes() *Writes {
	rate := p.WriteRate
	if len(p.Owners) == 0 {
		rate = 0
	}
	return &Writes{p, newPhase(p, "write", rate)}
}

// Next returns the next write; not ok at the end.
func (w *Writes) Next() (Write, bool) {
	id, due, ok := w.phase.next()
	if !ok {
		return Write{}, false
	}
	return w.plan.write(id, due), true
}

// WriteWith returns the write that goes with a read of a closed loop, due at the
// same time and of the same number; not ok where none does. As many do as
// WriteShare says, to within one, and evenly: each tenth read has one at 10 %.
func (p Plan) WriteWith(r Read) (w Write, ok bool) {
	n := float64(r.ID)
	if r.ID < 0 {
		n = float64(-r.ID - 1)
	}
	if len(p.Owners) == 0 || math.Floor((n+1)*p.WriteShare) == math.Floor(n*p.WriteShare) {
		return Write{}, false
	}
	return p.write(r.ID, r.Due), true
}

func (p Plan) write(id int64, due time.Duration) Write {
	owner := seeded.Hash(p.Seed, "write owner", uint64(id)) % uint64(len(p.Owners))
	key := seeded.Hash(p.Seed, "write key", uint64(id)) % uint64(p.Keys)
	return Write{ID: id, Due: due, Service: p.Owners[owner], Key: record.Key(key)}
}

// phase walks through the warm-up and the measured part of one stream.
type phase struct {
	warmUp   time.Duration
	duration time.Duration
	clock    clock
	measured clock
	id       int64
	inWarmUp bool
}

func newPhase(p Plan, name string, rate float64) phase {
	clockOf := func(name string) clock {
		return clock{arrival: p.Arrival, rate: rate, gaps: seeded.NewSource(p.Seed, name+" gap")}
	}
	return phase{
		warmUp: p.WarmUp, duration: p.Duration, clock: clockOf(name + " warm-up"), measured: clockOf(name),
		id: -1, inWarmUp: true,
	}
}

func (p *phase) next() (id int64, due time.Duration, ok bool) {
	at := p.clock.next()
	if p.inWarmUp && at >= p.warmUp {
		p.inWarmUp, p.clock, p.id = false, p.measured, 0
		at = p.clock.next()
	}
	id = p.id
	if p.inWarmUp {
		p.id--
		return id, at - p.warmUp, true
	}
	p.id++
	return id, at, at < p.duration
}
