package fakesvc

import (
	"context"

	"crosstalk/internal/counts"
	"crosstalk/internal/fault"
)

// counts is what the host has counted, and what is so now; without what takes long to find
// out: the sizes of its databases, and how far it is with its topics.
func (h *Host) counts() counts.Process {
	out := counts.Process{Service: h.services[0], OnBus: h.bus != nil}
	out.Bus = counts.Bus{
		Events: h.events.Load(), LateReplies: h.lateReplies.Load(),
		DeadLetters: h.deadLetters.Load(), LostChanges: h.lost.Load(), LogLosses: h.logLosses.Load(),
	}
	out.Faults = h.faults()
	for _, n := range h.nodes {
		out.Policies = append(out.Policies, n.policies()...)
		out.Capacities = append(out.Capacities, n.workers.counts()...)
		out.Stages = append(out.Stages, n.ledger.stages(n.Name)...)
		out.Bootstraps = append(out.Bootstraps, n.bootstraps()...)
		out.Served = append(out.Served, n.served.counts(n.Name))
	}
	return out
}

// faults tells what the host did of all that was asked to go wrong, and what of it acts
// now.
func (h *Host) faults() []counts.Fault {
	out := h.performed()
	at := h.elapsed()
	add := func(target string, statistics []fault.Statistic) {
		for _, s := range statistics {
			f := counts.FaultOf(target, s)
			f.Acts = at >= 0 && s.Window.Contains(at)
			out = append(out, f)
		}
	}
	for _, n := range h.nodes {
		add(n.Name, n.Boundary.Statistics())
	}
	for _, db := range h.databases {
		add(db.target.String(), db.statistics())
	}
	for _, s := range h.services {
		add(fault.Target{Service: s, Part: fault.Events}.String(), h.published[s].Statistics())
	}
	if h.bus != nil {
		add(string(fault.Bus), h.onTheBus.Statistics())
	}
	return out
}

// performed tells of the faults that a window says all about.
func (h *Host) performed() []counts.Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []counts.Fault
	for _, a := range h.acts {
		f := counts.FaultOf(a.fault.Target.String(), fault.Statistic{Kind: a.fault.Kind, Window: a.fault.Window})
		f.DeliveredWindow = counts.WindowOf(a.delivered)
		f.Acts = a.delivered.Start > 0 && a.delivered.Always()
		out = append(out, f)
	}
	return out
}

// policies tells what the node did about its needs.
func (n *Node) policies() []counts.Policy {
	var out []counts.Policy
	for _, need := range n.needs {
		if need.caller != nil {
			out = append(out, counts.Policy{
				Consumer: n.Name, Need: need.service,
				Statistic: need.caller.Statistic(), Breaker: need.caller.Breaker(),
			})
		}
	}
	return out
}

// counts tells how full the service was and is; nothing where it has no bound.
func (w *workers) counts() []counts.Capacity {
	if w.Workers == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return []counts.Capacity{{
		Service: w.service, Workers: int64(w.Workers), Queue: int64(w.Queue),
		Arrived: w.arrived, Refused: w.refused, Queued: w.queued,
		LongestQueue: w.longest, WaitedSeconds: w.waitedIn.Seconds(), Waiting: w.waiting.Load(),
	}}
}

// bootstraps tells what it took each copy to catch up.
func (n *Node) bootstraps() []counts.Bootstrap {
	var out []counts.Bootstrap
	for _, need := range n.needs {
		if replica, ok := need.source.(Replica); ok {
			b := replica.Bootstrap()
			out = append(out, counts.Bootstrap{
				Service: n.Name, Owner: need.service, Events: b.Events, Bytes: b.Bytes, Took: b.Took.Seconds(),
			})
		}
	}
	return out
}

// collections tells what the node keeps: its own records and its copies. It reads whole
// tables.
func (n *Node) collections(ctx context.Context) ([]counts.Collection, error) {
	var out []counts.Collection
	if n.Owns {
		bytes, err := n.records.Bytes(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, counts.Collection{Service: n.Name, Owner: n.Name, Bytes: bytes})
	}
	for _, need := range n.needs {
		replica, ok := need.source.(Replica)
		if !ok {
			continue
		}
		bytes, err := replica.Copy().Bytes(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, counts.Collection{Service: n.Name, Owner: need.service, Bytes: bytes})
	}
	return out, nil
}
