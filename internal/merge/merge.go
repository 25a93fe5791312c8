// Package merge makes one result of the load that several drivers offered.
//
// Its law: a merged run says what one driver would have said that had offered all
// of the load to as many copies of the services, or it says nothing: what cannot be
// added up is left out, and a warning names it.
//
// Field by field: the scenario and the experiment are the parts', the seed that of
// the first one; the verdict is the worst one. Started is the earliest one, and
// second n of the series is n seconds after it: parts that began a fraction of a
// second apart are moved by it, by at most half a second. MeasuredSeconds is how
// long at least one part was measured. Counts, histograms, events and bytes add; the bounds
// of a capacity are those of one instance; shares, intervals, means and rates
// follow from the sums. The share of stale answers is of those that were judged: an
// attached driver judges none. A window of faults is that of each driver's own clock.
// Predicted, Impacts and samples.csv stay with the parts. Parts are the identities of
// all runs that are in it: none may be in it twice.
package merge

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crosstalk/internal/compare"
	"crosstalk/internal/result"
)

// longestGap is how far apart parts may be measured: a series has no gaps, and
// what is further apart is no one load.
const longestGap = time.Hour

// Merge merges the runs in the given folders into one in the folder out, which it
// makes.
func Merge(folders []string, out string) (*result.Run, error) {
	parts, err := load(folders)
	if err != nil {
		return nil, err
	}
	folder, err := result.Create(out)
	if err != nil {
		return nil, err
	}
	run := sum(parts)
	if err := errors.Join(folder.Join(run, parts), folder.Write(run)); err != nil {
		return nil, errors.Join(err, folder.Remove())
	}
	return run, nil
}

// load reads the parts, in the order in which they began.
func load(folders []string) ([]result.Part, error) {
	if len(folders) < 2 {
		return nil, compare.Refusal("name at least two runs")
	}
	var parts []result.Part
	seen := make(map[string]bool)
	for _, dir := range folders {
		loaded, err := result.Load(dir)
		if err != nil {
			return nil, err
		}
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		if seen[absolute] {
			return nil, compare.Refusal("%s is named twice", dir)
		}
		seen[absolute] = true
		parts = append(parts, result.Part{Dir: dir, Run: &loaded.Run})
	}
	if err := twice(parts); err != nil {
		return nil, err
	}
	if err := check(parts); err != nil {
		return nil, err
	}
	slices.SortStableFunc(parts, func(a, b result.Part) int { return a.Run.Started.Compare(b.Run.Started) })
	return parts, align(parts)
}

// twice refuses parts that have a run in common: its requests would count twice.
func twice(parts []result.Part) error {
	in := make(map[string]string)
	for _, p := range parts {
		for _, id := range p.Run.Identities() {
			if first, ok := in[id]; ok {
				return compare.Refusal("%s and %s hold the same run, which would count twice", first, p.Dir)
			}
			in[id] = p.Dir
		}
	}
	return nil
}

// check refuses parts that are not of one experiment in one scenario.
func check(parts []result.Part) error {
	first := parts[0]
	for _, p := range parts[1:] {
		if p.Run.Scenario != first.Run.Scenario {
			return compare.Refusal("%s is of %s, %s of %s: merge runs of one scenario", first.Dir, first.Run.Scenario, p.Dir, p.Run.Scenario)
		}
		if differences := compare.Settings(*first.Run, *p.Run); len(differences) > 0 {
			return compare.Refusal("%s and %s are different experiments: %s", first.Dir, p.Dir, compare.InWords(differences))
		}
	}
	return nil
}

// align tells in which second of the merged run each part begins.
func align(parts []result.Part) error {
	end := parts[0].Run.Started
	for i := range parts {
		p := &parts[i]
		if gap := p.Run.Started.Sub(end); gap > longestGap {
			return compare.Refusal("%s began %v after the others had ended: runs that far apart are no one load; compare takes repeats as they are",
				p.Dir, gap.Round(time.Second))
		}
		p.Begin = int(math.Round(p.Run.Started.Sub(parts[0].Run.Started).Seconds()))
		if e := ended(p.Run); e.After(end) {
			end = e
		}
	}
	return nil
}

// ended is when a run's measured part was over. What it says of that is held against
// the seconds that it has figures of.
func ended(r *result.Run) time.Time {
	return r.Started.Add(time.Duration(min(r.MeasuredSeconds, float64(r.Covered())) * 1e9))
}

// measured is for how many seconds at least one part was measured.
func measured(parts []result.Part) float64 {
	total, until := time.Duration(0), parts[0].Run.Started
	for _, p := range parts {
		from, to := p.Run.Started, ended(p.Run)
		if from.Before(until) {
			from = until
		}
		if to.After(from) {
			total, until = total+to.Sub(from), to
		}
	}
	return total.Seconds()
}

// sum adds up what is no distribution.
func sum(parts []result.Part) *result.Run {
	first := parts[0].Run
	out := &result.Run{
		Scenario: first.Scenario, Verdict: result.OK, Started: first.Started, Experiment: first.Experiment,
		MeasuredSeconds: measured(parts), Failures: map[string]int64{}, Writes: result.Writes{Failures: map[string]int64{}}, StorageBytes: map[string]int64{}, CopyBytes: map[string]int64{},
	}
	cpu, cpuKnown := 0.0, true
	for _, p := range parts {
		r := p.Run
		out.Parts = append(out.Parts, r.Identities()...)
		out.Verdict = worse(out.Verdict, r.Verdict)
		addRequests(&out.Requests, r.Requests, r.MeasuredSeconds/out.MeasuredSeconds)
		addCounts(out, r)
		cpu += r.CPUSecondsPer1000 * float64(r.Requests.Sent)
		cpuKnown = cpuKnown && r.CPUSecondsPer1000 > 0
	}
	out.ErrorRate = result.Share(out.Requests.Failed, out.Requests.Sent)
	out.StaleRate = result.Share(out.Answers.Stale, out.Judged())
	if sent := float64(out.Requests.Sent); sent > 0 {
		out.EventsPerRequest = float64(out.Events) / sent
		if cpuKnown {
			out.CPUSecondsPer1000 = cpu / sent
		}
	}
	out.Environment, out.Comparison = environment(parts), comparisonOf(parts)
	out.Stages = stages(parts)
	out.Finalize()
	out.Warnings = warnings(parts)
	return out
}

func worse(a, b result.Verdict) result.Verdict {
	order := []result.Verdict{result.OK, result.Interrupted, result.Invalid, result.Wrong}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// addRequests adds a part's requests; its rates count for the share of the time
// that it was measured.
func addRequests(to *result.Requests, r result.Requests, share float64) {
	to.Due += r.Due
	to.Sent += r.Sent
	to.Succeeded += r.Succeeded
	to.Interrupted += r.Interrupted
	to.Failed += r.Failed
	to.RateAsked += r.RateAsked * share
	to.RateAchieved += r.RateAchieved * share
	to.Throughput += r.Throughput * share
}

func addCounts(to *result.Run, r *result.Run) {
	to.WarmUp.Due += r.WarmUp.Due
	to.WarmUp.Sent += r.WarmUp.Sent
	to.WarmUp.Succeeded += r.WarmUp.Succeeded
	to.WarmUp.Failed += r.WarmUp.Failed
	to.Writes.Due += r.Writes.Due
	to.Writes.Acknowledged += r.Writes.Acknowledged
	to.Writes.Failed += r.Writes.Failed
	to.Writes.Interrupted += r.Writes.Interrupted
	addAll(to.Writes.Failures, r.Writes.Failures)
	to.Answers.Correct += r.Answers.Correct
	to.Answers.Stale += r.Answers.Stale
	to.Answers.Backwards += r.Answers.Backwards
	to.Answers.Missing += r.Answers.Missing
	to.Answers.Corrupt += r.Answers.Corrupt
	to.Answers.Unjudged += r.Answers.Unjudged
	to.Counts.Add(r.Counts)
	to.UnseenChanges += r.UnseenChanges
	to.ComparedRows += r.ComparedRows
	addAll(to.Failures, r.Failures)
	addAll(to.StorageBytes, r.StorageBytes)
	addAll(to.CopyBytes, r.CopyBytes)
}

func addAll(to, from map[string]int64) {
	for name, n := range from {
		to[name] += n
	}
}

// environment names each thing once that the parts have not in common.
func environment(parts []result.Part) result.Environment {
	out := result.Environment{Stores: map[string]string{}}
	for _, p := range parts {
		e := p.Run.Environment
		for _, field := range []struct {
			to   *string
			text string
		}{{&out.Go, e.Go}, {&out.Commit, e.Commit}, {&out.OS, e.OS}, {&out.CPU, e.CPU}, {&out.Bus, e.Bus}, {&out.Placement, e.Placement}} {
			*field.to = joined(*field.to, field.text)
		}
		out.Cores += e.Cores
		for service, kind := range e.Stores {
			out.Stores[service] = joined(out.Stores[service], kind)
		}
	}
	return out
}

func joined(all, one string) string {
	if all == "" || slices.Contains(strings.Split(all, " + "), one) {
		return cmp.Or(all, one)
	}
	return all + " + " + one
}

// warnings says what each part warned of, and then what was merged and is not in
// it.
func warnings(parts []result.Part) []string {
	var out, names []string
	impacts, processes := false, false
	for _, p := range parts {
		for _, w := range p.Run.Warnings {
			out = append(out, p.Dir+": "+w)
		}
		names = append(names, fmt.Sprintf("%s (seed %s, second %d)", p.Dir, p.Run.Experiment.Text("seed"), p.Begin))
		impacts = impacts || len(p.Run.Impacts) > 0
		processes = processes || len(p.Run.Processes) > 0
	}
	out = append(out, fmt.Sprintf("merged from %d runs: %s", len(parts), strings.Join(names, ", ")))
	if processes {
		out = append(out, "what each process took stays with the merged runs: those of one may be those of another")
	}
	if impacts {
		out = append(out, "the impacts of the windows of faults stay with the merged runs: their percentiles cannot be added up")
	}
	return out
}
