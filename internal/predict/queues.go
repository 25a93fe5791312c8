package predict

import (
	"fmt"

	"crosstalk/internal/dist"
	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/schedule"
	"crosstalk/internal/theory"
)

// unfelt is a share of refused calls that no run would show.
const unfelt = 1e-9

// queues are those that there is a closed form for, and that the simulation has seen to
// be such: nobody gave up waiting or being served, and no request was held back.
func (s *simulation) queues() []theory.ServiceQueue {
	var out []theory.ServiceQueue
	if s.heldBack {
		return nil
	}
	for _, n := range s.nodes {
		if n.capacity.Workers == 0 || n.givenUp {
			continue
		}
		if work, ok := s.queued(n.service); ok {
			if q, ok := queueOf(n.service, float64(s.Rate), work); ok {
				out = append(out, q)
			}
		}
	}
	return out
}

// queued reports whether each request of a Poisson stream is one visit to a service,
// for which it has nothing to do but one delay: its work.
func (g *graph) queued(at *service) (work dist.Distribution, ok bool) {
	if g.Rate == 0 || g.Arrival != schedule.Poisson || g.windowed() || g.CopiesOf(at.name) > 1 || g.copiedFrom(at) ||
		len(at.needs) > 0 || len(g.lookUps(at, at.name)) > 0 || g.ways(g.entry, at) != 1 || !g.undisturbed(g.entry, at) {
		return work, false
	}
	delays := 0
	for _, f := range at.faults {
		switch f.Kind {
		case fault.Delay:
			work = f.Delay
			delays++
		case fault.Abort: // after the work
		default:
			return work, false
		}
	}
	return work, delays == 1 && work.Mean() > 0 && work.Mean() < dist.Infinite
}

// copiedFrom reports whether the changes of a service are published, which takes its
// workers too.
func (g *graph) copiedFrom(at *service) bool {
	for _, s := range g.services {
		for _, n := range s.needs {
			if n.link == copied && n.service == at {
				return true
			}
		}
	}
	return false
}

// ways is in how many ways a request gets from one service to another: 2 stands for more.
func (g *graph) ways(from, to *service) (n int) {
	if from == to {
		return 1
	}
	for _, need := range from.needs {
		if need.link != copied {
			n = min(n+g.ways(need.service, to), 2)
		}
	}
	return n
}

// undisturbed reports whether all requests get from a service to one behind it, once
// each, and delayed independently of each other at most: what a Poisson stream stays
// one under (Gross et al., Fundamentals of Queueing Theory, 4th ed. 2008, sec. 1.7).
func (g *graph) undisturbed(from, to *service) bool {
	if from == to {
		return true
	}
	if !g.free(from) {
		return false
	}
	for i, n := range from.needs {
		switch {
		case n.link == copied || g.ways(n.service, to) == 0:
			continue
		case n.link == ask && g.eventsSuffer():
			return false
		case n.policy.Retry > 0 || n.policy.Breaker.Count > 0 || n.policy.Hedge != policy.Hedge{}:
			return false
		case g.Fanout == experiment.Sequential && !g.allFree(from.needs[:i]):
			return false
		}
		return g.undisturbed(n.service, to)
	}
	return false
}

// free reports whether a service holds up its requests independently of each other,
// and fails none.
func (g *graph) free(s *service) bool {
	for _, f := range s.faults {
		if f.Kind != fault.Delay {
			return false
		}
	}
	return s.capacity.Workers == 0
}

// allFree reports that of needs, and of all that they lead to.
func (g *graph) allFree(needs []need) bool {
	for _, n := range needs {
		if !n.policy.IsZero() || n.link == ask && g.eventsSuffer() || !g.free(n.service) || len(g.databases) > 0 || !g.allFree(n.service.needs) {
			return false
		}
	}
	return true
}

func (g *graph) eventsSuffer() bool {
	for _, f := range g.faults {
		if f.Target.Part == fault.Bus || f.Target.Part == fault.Events {
			return true
		}
	}
	return false
}

// queueOf finds the model of a service's queue and asks it.
func queueOf(s *service, rate float64, work dist.Distribution) (theory.ServiceQueue, bool) {
	c, room := s.capacity.Workers, s.capacity.Workers+s.capacity.Queue
	mean := work.Mean().Seconds()
	letter := kendall(work)
	switch {
	case letter == "M":
		if q, ok := theory.MMC(c, rate, mean); ok && theory.MMCK(c, room, rate, mean).Refused < unfelt {
			return queue(s, fmt.Sprintf("M/M/%d", c), q), true
		}
		return queue(s, fmt.Sprintf("M/M/%d/%d", c, room), theory.MMCK(c, room, rate, mean)), true
	case s.capacity.Queue == 0:
		return queue(s, fmt.Sprintf("M/%s/%d/%d", letter, c, room), theory.MGCC(c, rate, mean)), true
	case c > 1:
		return theory.ServiceQueue{}, false // there is none for M/G/c
	}
	q, ok := theory.MG1K(min(room, theory.MostRoom), rate, func(p float64) float64 { return work.Quantile(p).Seconds() })
	if ok && q.Refused < unfelt {
		q, ok = theory.MG1(rate, mean, work.SecondMoment())
		return queue(s, "M/"+letter+"/1", q), ok
	}
	return queue(s, fmt.Sprintf("M/%s/1/%d", letter, room), q), ok && room <= theory.MostRoom
}

// kendall is the letter for a distribution of the work.
func kendall(work dist.Distribution) string {
	switch {
	case work.IsExponential():
		return "M"
	case work.IsConstant():
		return "D"
	}
	return "G"
}

func queue(s *service, model string, q theory.Queue) theory.ServiceQueue {
	return theory.ServiceQueue{
		Service: s.name, Model: model, Load: q.Load, MeanWait: q.Wait, QueuedMeanWait: q.QueuedWait(), RefusedShare: q.Refused,
	}
}
