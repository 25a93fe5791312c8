package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"crosstalk/internal/counts"
	"crosstalk/internal/result"
	"crosstalk/internal/sys"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// summarise gathers the run's record, once everything is complete. What may last is
// given up soon after asked has ended.
func (r *run) summarise(asked context.Context, interrupted bool) (*result.Run, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	over := r.waiting("what the processes have counted")
	statistics, missing := r.nodes.statistics(ctx)
	over()
	r.missing = errors.Join(missing, silent(ctx, r.topology, r.topology.Own))
	r.judgeFallbacks(statistics.Policies)
	out := &result.Run{
		Schema: result.SchemaVersion, ID: result.NewID(), Scenario: r.scenario.Name, Started: r.begin,
		Attached:        r.options.Attach,
		MeasuredSeconds: time.Duration(r.experiment.Duration).Seconds(),
		Environment:     r.environment(),
		Experiment:      *r.experiment,
		Counts:          statistics.Counts,
		UnseenChanges:   int64(r.lag.Unseen()),
		StorageBytes:    make(map[string]int64),
		CopyBytes:       make(map[string]int64),
		ComparedRows:    r.tables.ReplicaRows,
		Comparison:      &r.tables.Comparison,
	}
	if interrupted {
		out.MeasuredSeconds = r.driver.Offered().Seconds()
	}
	r.recorder.Fill(out)
	r.fillCounts(out)
	out.Silences = r.pulse.silences(r.driver.Offered())
	r.fillCosts(out, statistics)
	out.Stages = stages(out, r.experiment.Entry().Name, statistics.Stages)
	out.Counts.Add(counts.Counts{Faults: r.topology.Performed()})
	out.Finalize()
	out.Impacts = r.impact.Impacts(r.lag.Oldest())
	r.fillEven(out)
	var unpredicted error
	if !r.attached() { // what the others offer is not in theory, nor known
		out.Predicted, unpredicted = r.predict(asked)
	}
	out.Verdict, out.Warnings = judge(r.findings(asked, out, interrupted))
	if unpredicted != nil {
		out.Warnings = append(out.Warnings, withoutTheory(unpredicted))
	}
	out.Warnings = append(out.Warnings, r.notes(out, statistics)...)
	return out, nil
}

// notes are the warnings about what the figures do not tell, or tell of others as well.
func (r *run) notes(out *result.Run, s counts.Process) (warnings []string) {
	if own := r.topology.Own; len(own) > 0 {
		if cache := r.options.Nodes[r.experiment.Entry().Name].Cache; cache > 0 {
			warnings = append(warnings, fmt.Sprintf("%s is declared to have a cache: its answers may be outdated for %v", r.experiment.Entry().Name, cache))
		}
		warnings = append(warnings, fmt.Sprintf("nothing tells of %s, which has no control, its CPU time, stages and policies, "+
			"and the settings for them do not reach it; theory is that of the scenario, not of it", strings.Join(own, ", ")))
	} else if alone(out, s.Attached) {
		warnings = append(warnings, gaps(out)...)
	}
	warnings = append(warnings, lostLogs(out.LogLosses)...)
	if left := s.Unsettled; left != "" {
		warnings = append(warnings, "what was still under way when the nodes told what they had counted is not counted: "+left)
	}
	warnings = append(warnings, r.unexplainedWrites(out.Writes)...)
	warnings = append(warnings, r.lostSpans(s)...)
	warnings = append(warnings, r.aside(s.Attached)...)
	return warnings
}

// lostSpans is the warning about spans that the collector has not taken.
func (r *run) lostSpans(s counts.Process) []string {
	e := r.options.Env.Tracer.Flush()
	e.Add(s.Spans)
	if e.Lost == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d spans did not reach the collector at %s: %s", e.Lost, e.Spans, r.options.OTLP, e.Why)}
}

// lostLogs says that the bus has not kept its word.
func lostLogs(losses int64) []string {
	if losses == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the bus has lost events that it had acknowledged: %d times a reader found a partition shorter than "+
		"what it had read, or with other events, and read all of it again", losses)}
}

func (r *run) fillCounts(out *result.Run) {
	counts := r.driver.Counts()
	out.Writes = result.Writes{
		Due:          counts.WritesDue.Load(),
		Acknowledged: counts.WritesAcknowledged.Load(),
		Failed:       counts.WritesFailed.Load(),
		Failures:     r.writeFailures(),
		Interrupted:  counts.WritesInterrupted.Load(),
	}
	out.Requests.RateAsked = float64(r.experiment.Rate)
	out.Requests.Interrupted = counts.Interrupted.Load()
}

func (r *run) fillCosts(out *result.Run, s counts.Process) {
	for _, c := range s.Collections {
		out.StorageBytes[c.Service] += c.Bytes
		if c.Service != c.Owner {
			out.CopyBytes[c.Service] += c.Bytes
		}
	}
	if out.Requests.Sent > 0 {
		out.EventsPerRequest = float64(out.Events) / float64(out.Requests.Sent)
	}
	if r.options.Shared {
		return
	}
	out.GC = r.gc.result()
	out.MaxResidentBytes = sys.MaxResident()
	if out.Requests.Sent == 0 {
		return
	}
	out.CPUSecondsPer1000 = r.cpu.used.Seconds() / float64(out.Requests.Sent) * 1000
	if out.Processes = r.nodes.processes(r.cpu.used, out.Requests.Sent); out.Processes != nil {
		out.CPUSecondsPer1000 = 0
		if len(r.topology.Own) > 0 {
			return // what those took is not known, nor the sum
		}
		for _, p := range out.Processes {
			out.CPUSecondsPer1000 += p.CPUSecondsPer1000
		}
	}
}

func (r *run) environment() result.Environment {
	env := result.LocalEnvironment()
	env.Instrument = r.instrument
	if r.topology.Kind != topology.InProcess {
		env.Placement = string(r.topology.Kind)
	}
	env.Bus = "none"
	if scenarios.NeedsBus(r.scenario, r.experiment) {
		env.Bus = "embedded"
		if len(r.experiment.Kafka) > 0 {
			env.Bus, env.BusRoundTrip = r.experiment.Kafka.String(), r.distance
		}
	}
	env.Stores = make(map[string]string)
	if r.scenario.OneProcess {
		env.Stores[r.scenario.Name] = string(r.experiment.StoreOf(r.experiment.Entry().Name).Kind)
		return env
	}
	for _, s := range r.experiment.Services {
		if slices.Contains(r.topology.Own, s.Name) {
			continue // who runs it knows
		}
		env.Stores[s.Name] = string(r.experiment.StoreOf(s.Name).Kind)
	}
	return env
}
