package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/fault"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
	"crosstalk/internal/usage"
)

// statisticsLimit is for how long a process may read what it has counted: the sizes of
// its databases take the longest.
const statisticsLimit = 30 * time.Second

// statistics reads what every process has counted, added up. Those that were killed
// or stopped count with what they told before. missing names those that tell nothing:
// all are asked at once, and one that does not answer keeps no other one from it.
func (n *nodes) statistics(ctx context.Context) (sum *fakesvcpb.StatisticsResponse, missing error) {
	sum = &fakesvcpb.StatisticsResponse{}
	errs := make([]error, len(n.controls))
	var asking sync.WaitGroup
	for i, c := range n.controls {
		asking.Go(func() { errs[i] = c.readLast(ctx) })
	}
	asking.Wait()
	for i, c := range n.controls {
		if err := errs[i]; err != nil && len(c.earlier) == 0 { // else the run has ended while it was away
			missing = errors.Join(missing, fmt.Errorf("the statistics of %s are missing: %w", c.name(), err))
		}
		for _, s := range c.earlier {
			addStatistics(sum, s)
			if left := s.GetUnsettled(); left != "" {
				sum.Unsettled = strings.TrimPrefix(sum.Unsettled+"; "+c.name()+": "+left, "; ")
			}
		}
	}
	return sum, missing
}

// readLast reads what the process has counted in the end.
func (c *control) readLast(ctx context.Context) error {
	ctx, cancel := c.beat.within(ctx, statisticsLimit)
	defer cancel()
	now, err := c.client.Statistics(ctx, &fakesvcpb.StatisticsRequest{Last: true})
	if err != nil {
		return cmp.Or(context.Cause(ctx), errors.New(status.Convert(err).Message()))
	}
	if c.shares {
		now.Collections = nil // the first copy has told of them
	}
	c.earlier = append(c.earlier, now)
	return nil
}

func addStatistics(sum, s *fakesvcpb.StatisticsResponse) {
	sum.Faults = append(sum.Faults, s.GetFaults()...)
	sum.Collections = append(sum.Collections, s.GetCollections()...)
	sum.Events += s.GetEvents()
	sum.LateReplies += s.GetLateReplies()
	sum.DeadLetters += s.GetDeadLetters()
	sum.LostChanges += s.GetLostChanges()
	sum.LogLosses += s.GetLogLosses()
	sum.Attached += s.GetAttached()
	sum.Spans += s.GetSpans()
	sum.LostSpans += s.GetLostSpans()
	if sum.LostWhy == "" {
		sum.LostWhy = s.GetLostWhy()
	}
	sum.Bootstraps = append(sum.Bootstraps, s.GetBootstraps()...)
	for _, p := range s.GetPolicies() {
		addPolicy(sum, p)
	}
	for _, g := range s.GetStages() {
		addStage(sum, g)
	}
	for _, c := range s.GetCapacities() {
		addCapacity(sum, c)
	}
}

// addPolicy, addStage and addCapacity keep one of each: the copies of a service, and
// what a process was before it was started again, count together.
func addPolicy(sum *fakesvcpb.StatisticsResponse, p *fakesvcpb.Policy) {
	for _, s := range sum.Policies {
		if s.GetConsumer() == p.GetConsumer() && s.GetNeed() == p.GetNeed() {
			s.Calls += p.GetCalls()
			s.Tries += p.GetTries()
			s.Retries += p.GetRetries()
			s.Hedges += p.GetHedges()
			s.Saved += p.GetSaved()
			s.Failed += p.GetFailed()
			s.Refused += p.GetRefused()
			s.OverBudget += p.GetOverBudget()
			s.Cancelled += p.GetCancelled()
			s.Failures = addCounts(s.GetFailures(), p.GetFailures())
			s.Fallbacks += p.GetFallbacks()
			return
		}
	}
	sum.Policies = append(sum.Policies, p)
}

// addCounts adds more to sum, which may be nil.
func addCounts(sum, more map[string]int64) map[string]int64 {
	if sum == nil {
		sum = make(map[string]int64)
	}
	for name, n := range more {
		sum[name] += n
	}
	return sum
}

func addStage(sum *fakesvcpb.StatisticsResponse, g *fakesvcpb.Stage) {
	for _, s := range sum.Stages {
		if s.GetService() == g.GetService() && s.GetName() == g.GetName() {
			s.Queries += g.GetQueries()
			s.SumNanos += g.GetSumNanos()
			return
		}
	}
	sum.Stages = append(sum.Stages, g)
}

// addCapacity leaves the bounds as they are: those of one copy.
func addCapacity(sum *fakesvcpb.StatisticsResponse, c *fakesvcpb.Capacity) {
	for _, s := range sum.Capacities {
		if s.GetService() == c.GetService() {
			s.Arrived += c.GetArrived()
			s.Refused += c.GetRefused()
			s.Queued += c.GetQueued()
			s.LongestQueue = max(s.GetLongestQueue(), c.GetLongestQueue())
			s.WaitedNanos += c.GetWaitedNanos()
			return
		}
	}
	sum.Capacities = append(sum.Capacities, c)
}

// processes tells of each process what it took. There are none where all of them are
// this one.
func (n *nodes) processes(driver time.Duration, sent int64) []result.Process {
	per1000 := func(cpu time.Duration) float64 { return cpu.Seconds() / float64(max(sent, 1)) * 1000 }
	var out []result.Process
	for _, c := range n.controls {
		if len(c.earlier) == 0 {
			continue // it tells nothing
		}
		p := result.Process{Name: c.name(), Starts: int64(len(c.earlier))}
		for _, s := range c.earlier {
			if s.GetProcess() == nil {
				return nil
			}
			p.CPUSecondsPer1000 += per1000(time.Duration(s.GetProcess().GetCpuNanos()))
			p.MaxResidentBytes = max(p.MaxResidentBytes, s.GetProcess().GetMaxResidentBytes())
			p.Served = addSeconds(p.Served, s.GetServed())
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil
	}
	return append([]result.Process{{
		Name: "driver", Starts: 1, CPUSecondsPer1000: per1000(driver), MaxResidentBytes: usage.MaxResident(),
	}}, out...)
}

func addSeconds(sum []int64, served []*fakesvcpb.Served) []int64 {
	for _, s := range served {
		for i, n := range s.GetBySecond() {
			for len(sum) <= i {
				sum = append(sum, 0)
			}
			sum[i] += n
		}
	}
	return sum
}

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
	switch {
	case f.GetDeliveredLengthNanos() == 0: // not by this one: it had died, or was not there yet
		return
	case sum.GetDeliveredLengthNanos() == 0:
		sum.DeliveredStartNanos, sum.DeliveredLengthNanos = f.GetDeliveredStartNanos(), f.GetDeliveredLengthNanos()
		return
	}
	end := max(sum.GetDeliveredStartNanos()+sum.GetDeliveredLengthNanos(), f.GetDeliveredStartNanos()+f.GetDeliveredLengthNanos())
	sum.DeliveredStartNanos = min(sum.GetDeliveredStartNanos(), f.GetDeliveredStartNanos())
	sum.DeliveredLengthNanos = end - sum.GetDeliveredStartNanos()
}

func faultOf(f *fakesvcpb.Fault) result.Fault {
	out := result.Fault{
		Target: f.GetTarget(), Kind: fault.Kind(f.GetKind()), Code: f.GetCode(),
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
			Cancelled: p.GetCancelled(), Refused: p.GetRefused(), OverBudget: p.GetOverBudget(), Fallbacks: p.GetFallbacks(), Failures: p.GetFailures(),
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

// bootstraps are those of each start of each copy.
func bootstraps(told []*fakesvcpb.Bootstrap) []result.Bootstrap {
	var out []result.Bootstrap
	for _, b := range told {
		out = append(out, result.Bootstrap{
			Service: b.GetService(), Owner: b.GetOwner(), Events: b.GetEvents(), Bytes: b.GetBytes(), Took: seconds(b.GetTookNanos()),
		})
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
