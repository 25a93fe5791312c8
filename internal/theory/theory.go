// Package theory has the closed forms of queues: what a textbook says of customers
// that arrive as a Poisson stream and wait for one of some workers, in the order in
// which they came.
//
// Its functions are pure and know nothing of experiments. Times are in seconds,
// rates per second. The models are named by Kendall's notation: M/G/1/K has Poisson
// arrivals (M), any distribution of the work (G; M is exponential, D constant), one
// worker, and room for K customers including the one at work; who finds it full is
// refused.
//
// The formulas are those of D. Gross, J. F. Shortle, J. M. Thompson, C. M. Harris,
// Fundamentals of Queueing Theory, 4th ed. 2008 ("Gross et al." below).
package theory

import "math"

// Queue is what is to be expected of a queue in its steady state.
type Queue struct {
	// Load is λE[S]/c, the work that is offered per worker. Without a bound it is
	// below 1.
	Load float64
	// Refused is the share of the customers that find the queue full.
	Refused float64
	// Queued is the share of the admitted that find no worker free.
	Queued float64
	// Wait is the mean wait for a worker, of all that are admitted.
	Wait float64
}

// QueuedWait is the mean wait of those that find no worker free; 0 if nobody waits.
func (q Queue) QueuedWait() float64 {
	if q.Queued == 0 {
		return 0
	}
	return q.Wait / q.Queued
}

// MMC is M/M/c (Gross et al., sec. 2.3), for c ≥ 1 workers, arrivals at a rate ≥ 0,
// and work of a mean > 0. It is not ok from a load of 1 on, where the queue grows for
// ever.
func MMC(c int, rate, work float64) (q Queue, ok bool) {
	load := rate * work / float64(c)
	if load >= 1 {
		return Queue{}, false
	}
	wait := ErlangC(c, rate*work)
	return Queue{Load: load, Queued: wait, Wait: wait * work / float64(c) / (1 - load)}, true
}

// MG1 is M/G/1 by Pollaczek and Khinchine (Gross et al., sec. 5.1), of work with a
// mean and a second moment E[S²]. It is not ok from a load of 1 on, and where E[S²] is
// infinite.
func MG1(rate, work, square float64) (q Queue, ok bool) {
	load := rate * work
	if load >= 1 || math.IsInf(square, 1) {
		return Queue{}, false
	}
	return Queue{Load: load, Queued: load, Wait: rate * square / 2 / (1 - load)}, true
}

// MD1 is M/D/1, which is M/G/1 of work that does not vary.
func MD1(rate, work float64) (q Queue, ok bool) { return MG1(rate, work, work*work) }

// MMCK is M/M/c/K (Gross et al., sec. 2.5), at any load, for room ≥ c customers. Its
// states are added one by one: what n have room for follows from n − 1.
func MMCK(c, room int, rate, work float64) Queue {
	full, waiting, idle := 1.0, 0.0, 1.0 // of one state, in which nobody is there
	for n := 1; n <= room; n++ {
		full = next(full, rate*work/float64(min(n, c)))
		waiting = waiting*(1-full) + float64(max(n-c, 0))*full
		if n >= c {
			idle *= 1 - full
		}
	}
	q := Queue{Load: rate * work / float64(c), Refused: full}
	if rate > 0 {
		q.Queued = max(1-idle/(1-full), 0)
		q.Wait = waiting / rate / (1 - full)
	}
	return q
}

// next is the share of the time in the n-th state of those up to it, by that of the
// state before among those up to that one: ratio is that of the two states.
func next(full, ratio float64) float64 { return ratio * full / (1 + ratio*full) }

// ErlangB is the share that c ≥ 1 workers without a queue refuse, whatever the
// distribution of their work, of which offered = λE[S] is there (Gross et al.,
// sec. 2.6).
func ErlangB(c int, offered float64) float64 {
	full := 1.0
	for n := 1; n <= c; n++ {
		full = next(full, offered/float64(n))
	}
	return full
}

// MGCC is M/G/c/c: no queue, so that nobody waits.
func MGCC(c int, rate, work float64) Queue {
	return Queue{Load: rate * work / float64(c), Refused: ErlangB(c, rate*work)}
}

// ErlangC is the probability to wait in M/M/c, for offered = λE[S] < c (Gross et al.,
// sec. 2.3).
func ErlangC(c int, offered float64) float64 {
	b := ErlangB(c, offered)
	return b / (1 - offered/float64(c)*(1-b))
}
