package fakesvc

import (
	"google.golang.org/grpc/codes"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
)

// faults tells what the host did of all that was asked to go wrong.
func (h *Host) faults() []*fakesvcpb.Fault {
	out := h.performed()
	for _, n := range h.nodes {
		out = append(out, faultsOf(n.Name, n.Boundary.Statistics())...)
	}
	for _, db := range h.databases {
		out = append(out, faultsOf(db.target.String(), db.statistics())...)
	}
	for _, s := range h.services {
		out = append(out, faultsOf(fault.Target{Service: s, Part: fault.Events}.String(), h.published[s].Statistics())...)
	}
	if h.bus != nil {
		out = append(out, faultsOf(string(fault.Bus), h.onTheBus.Statistics())...)
	}
	return out
}

// performed tells of the faults that a window says all about.
func (h *Host) performed() []*fakesvcpb.Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []*fakesvcpb.Fault
	for _, a := range h.acts {
		out = append(out, &fakesvcpb.Fault{
			Target: a.fault.Target.String(), Kind: string(a.fault.Kind),
			StartNanos: int64(a.fault.Window.Start), LengthNanos: int64(a.fault.Window.Length),
			DeliveredStartNanos: int64(a.delivered.Start), DeliveredLengthNanos: int64(a.delivered.Length),
		})
	}
	return out
}

func faultsOf(target string, statistics []fault.Statistic) []*fakesvcpb.Fault {
	var out []*fakesvcpb.Fault
	for _, s := range statistics {
		out = append(out, &fakesvcpb.Fault{
			Target: target, Kind: string(s.Kind), Code: s.Code, Asked: s.Asked,
			StartNanos: int64(s.Window.Start), LengthNanos: int64(s.Window.Length),
			Interactions: s.Interactions, Delivered: s.Delivered,
			MeanAskedNanos: int64(s.MeanAsked), MeanDeliveredNanos: int64(s.MeanDelivered),
		})
	}
	return out
}

// policies tells what the node did about its needs.
func (n *Node) policies() []*fakesvcpb.Policy {
	var out []*fakesvcpb.Policy
	for _, need := range n.needs {
		if need.caller == nil {
			continue
		}
		s := need.caller.Statistic()
		out = append(out, &fakesvcpb.Policy{
			Consumer: n.Name, Need: need.service,
			Calls: s.Calls, Tries: s.Tries, Retries: s.Retries, Hedges: s.Hedges, Saved: s.Saved,
			Failed: s.Failed, Cancelled: s.Cancelled, Refused: s.Refused, OverBudget: s.OverBudget, Fallbacks: s.Fallbacks,
			Failures: byName(s.Failures),
		})
	}
	return out
}

// byName returns the codes that there are any of, by their names.
func byName(byCode policy.ByCode) map[string]int64 {
	out := make(map[string]int64)
	for code, n := range byCode {
		if n > 0 {
			out[fault.CodeName(codes.Code(code))] = n
		}
	}
	return out
}

// statistics tells how full the service was; nothing where it has no bound.
func (w *workers) statistics() []*fakesvcpb.Capacity {
	if w.Workers == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return []*fakesvcpb.Capacity{{
		Service: w.service, Workers: int64(w.Workers), Queue: int64(w.Queue),
		Arrived: w.arrived, Refused: w.refused, Queued: w.queued,
		LongestQueue: w.longest, WaitedNanos: int64(w.waitedIn),
	}}
}

// stages tells where the time of the node's queries went.
func (n *Node) stages() []*fakesvcpb.Stage {
	var out []*fakesvcpb.Stage
	for _, s := range n.ledger.stages() {
		out = append(out, &fakesvcpb.Stage{
			Service: n.Name, Name: s.name, Queries: n.ledger.queries.Load(), SumNanos: int64(s.sum),
		})
	}
	return out
}

// bootstraps tells what it took each copy to catch up.
func (n *Node) bootstraps() []*fakesvcpb.Bootstrap {
	var out []*fakesvcpb.Bootstrap
	for _, need := range n.needs {
		if replica, ok := need.source.(Replica); ok {
			b := replica.Bootstrap()
			out = append(out, &fakesvcpb.Bootstrap{
				Service: n.Name, Owner: need.service, Events: b.Events, Bytes: b.Bytes, TookNanos: int64(b.Took),
			})
		}
	}
	return out
}
