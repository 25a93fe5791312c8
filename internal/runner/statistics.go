package runner

import (
	"slices"
	"time"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

// faults puts together what the hosts say of the faults. Several of them can take
// part in one: the bus is everyone's.
func faults(told []*fakesvcpb.Fault) []result.Fault {
	var sums []*fakesvcpb.Fault
	for _, f := range told {
		i := slices.IndexFunc(sums, func(s *fakesvcpb.Fault) bool { return sameFault(s, f) })
		if i < 0 {
			sums = append(sums, f)
			continue
		}
		addTo(sums[i], f)
	}
	out := make([]result.Fault, len(sums))
	for i, s := range sums {
		out[i] = faultOf(s)
	}
	return out
}

func sameFault(a, b *fakesvcpb.Fault) bool {
	return a.GetTarget() == b.GetTarget() && a.GetKind() == b.GetKind() && a.GetCode() == b.GetCode() &&
		a.GetAsked() == b.GetAsked() && a.GetStartNanos() == b.GetStartNanos() && a.GetLengthNanos() == b.GetLengthNanos()
}

// addTo adds what one host did to a sum: the counts add, the means are weighed by
// them, and a window acted from the first host to the last one.
func addTo(sum, f *fakesvcpb.Fault) {
	n, m := sum.GetDelivered(), f.GetDelivered()
	if n+m > 0 {
		sum.MeanAskedNanos = (n*sum.GetMeanAskedNanos() + m*f.GetMeanAskedNanos()) / (n + m)
		sum.MeanDeliveredNanos = (n*sum.GetMeanDeliveredNanos() + m*f.GetMeanDeliveredNanos()) / (n + m)
	}
	sum.Interactions += f.GetInteractions()
	sum.Delivered += f.GetDelivered()
	end := max(sum.GetDeliveredStartNanos()+sum.GetDeliveredLengthNanos(), f.GetDeliveredStartNanos()+f.GetDeliveredLengthNanos())
	sum.DeliveredStartNanos = min(sum.GetDeliveredStartNanos(), f.GetDeliveredStartNanos())
	sum.DeliveredLengthNanos = end - sum.GetDeliveredStartNanos()
}

func faultOf(f *fakesvcpb.Fault) result.Fault {
	out := result.Fault{
		Target: f.GetTarget(), Kind: f.GetKind(), Code: f.GetCode(),
		Asked: f.GetAsked(), Interactions: f.GetInteractions(),
		MeanAskedSeconds:     seconds(f.GetMeanAskedNanos()),
		MeanDeliveredSeconds: seconds(f.GetMeanDeliveredNanos()),
		Window:               window(f.GetStartNanos(), f.GetLengthNanos()),
		DeliveredWindow:      window(f.GetDeliveredStartNanos(), f.GetDeliveredLengthNanos()),
	}
	if n := f.GetInteractions(); n > 0 {
		out.Delivered = float64(f.GetDelivered()) / float64(n)
		out.Low, out.High = stats.Wilson(f.GetDelivered(), n)
	}
	return out
}

// window is nil where a fault always acts, or never did.
func window(start, length int64) *result.Window {
	if length == 0 {
		return nil
	}
	return &result.Window{StartSeconds: seconds(start), LengthSeconds: seconds(length)}
}

func seconds(nanos int64) float64 { return time.Duration(nanos).Seconds() }

func policies(told []*fakesvcpb.Policy) []result.Policy {
	out := make([]result.Policy, len(told))
	for i, p := range told {
		out[i] = result.Policy{
			Consumer: p.GetConsumer(), Need: p.GetNeed(), Calls: p.GetCalls(), Tries: p.GetTries(),
			Amplification: float64(p.GetTries()) / float64(max(p.GetCalls(), 1)),
			Retries:       p.GetRetries(), Hedges: p.GetHedges(), Saved: p.GetSaved(), Failed: p.GetFailed(),
			Refused: p.GetRefused(), OverBudget: p.GetOverBudget(), Fallbacks: p.GetFallbacks(),
		}
	}
	return out
}

func capacities(told []*fakesvcpb.Capacity) []result.Capacity {
	out := make([]result.Capacity, len(told))
	for i, c := range told {
		out[i] = result.Capacity{
			Service: c.GetService(), Workers: c.GetWorkers(), Queue: c.GetQueue(), Arrived: c.GetArrived(),
			Refused: c.GetRefused(), Queued: c.GetQueued(), LongestQueue: c.GetLongestQueue(),
			MeanWait: seconds(c.GetWaitedNanos() / max(c.GetQueued(), 1)),
		}
	}
	return out
}

// stages puts a request's way together: how late it was sent, the call to the
// entry and back, and what the entry tells of the rest.
func stages(run *result.Run, entry string, told []*fakesvcpb.Stage) []result.Stage {
	var within []result.Stage
	sum := 0.0
	for _, s := range told {
		if s.GetService() != entry || s.GetQueries() == 0 {
			continue
		}
		mean := seconds(s.GetSumNanos()) / float64(s.GetQueries())
		sum += mean
		within = append(within, result.Stage{Name: nameOf(entry, s.GetName()), Mean: mean})
	}
	if len(within) == 0 {
		return nil
	}
	late := max(run.Latency.Mean-run.ServiceTime.Mean, 0)
	return append([]result.Stage{
		{Name: "schedule lateness", Mean: late},
		{Name: "call to " + entry, Mean: max(run.ServiceTime.Mean-sum, 0)},
	}, within...)
}

// nameOf says whose a stage is, where that is not the supplier's.
func nameOf(entry, stage string) string {
	switch stage {
	case "own work":
		return entry + "'s own work"
	case "look-up in its copy":
		return "look-up in " + entry + "'s copy"
	}
	return stage
}
