// Package compare says what changed between runs, and whether that is more than
// noise.
//
// Its law: a difference never stands without what it is worth. Two runs of one
// experiment with one seed have the same requests, so they are compared request by
// request, or second by second where the requests were not written down; what is
// resampled are stretches of time and not single requests, which are not
// independent. Where each side has four runs or more, the run is what is compared,
// as benchstat does it: that alone knows the noise from run to run. All of it
// repeats: the same folders give the same figures.
package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crosstalk/internal/metric"
	"crosstalk/internal/result"
)

// Alpha is the level at which a difference counts as significant.
const Alpha = 0.05

// enoughRuns is how many runs a side takes to be compared run by run: of fewer, no
// difference can be significant.
const enoughRuns = 4

// Names are the metrics that are compared.
var Names = []string{
	"latency.p50", "latency.p90", "latency.p99", "latency.p99.9", "latency.mean", "latency.max",
	"errors", "write_errors", "stale", "staleness.p50", "staleness.p99", "lag.p50", "lag.p99", "throughput", "cpu", "events",
}

// Comparison is what came out, by scenario.
type Comparison struct {
	Old, New  Side
	Scenarios []Scenario
	// Notes are what a reader must know: in what the experiments differ, and the
	// machines.
	Notes []string
}

// Scenario is what changed in one of them.
type Scenario struct {
	Name string
	// How says what was compared with what.
	How string
	// Old and New are the runs.
	Old, New []Run
	Rows     []Row
}

// Row is what changed of one metric.
type Row struct {
	Metric   metric.Metric
	Old, New metric.Value
	Delta    Delta
	// N is the number of samples of either side: requests, or runs.
	N [2]int64
}

// Delta is a change: as a share of the old value, or, of shares, their difference.
type Delta struct {
	Change float64
	// Known tells that there is a change to be told.
	Known bool
	// Tested tells that P, Low and High say what the change is worth.
	Tested       bool
	P, Low, High float64
	// Seen is about how large a change had to be for this comparison to tell it from
	// noise: half of its interval's width, and of a share no less than what its exact
	// test takes.
	Seen float64
}

// Significant reports whether a change is more than noise.
func (d Delta) Significant() bool { return d.Known && d.Tested && d.P < Alpha }

// Worse returns the change for the worse: what regression is of a metric.
func (r Row) Worse() Delta {
	d := r.Delta
	if r.Metric.MoreIsBetter {
		d.Change, d.Low, d.High = -d.Change, -d.High, -d.Low
	}
	return d
}

// Row returns the row of a metric.
func (s Scenario) Row(name string) (Row, bool) {
	i := slices.IndexFunc(s.Rows, func(r Row) bool { return r.Metric.Name == name })
	if i < 0 {
		return Row{}, false
	}
	return s.Rows[i], true
}

// Refused is the error of what was named and does not fit: a folder without runs,
// or runs that cannot be compared.
type Refused struct{ Reason string }

func (e *Refused) Error() string { return e.Reason }

// Refusal returns the reason as an error.
func Refusal(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

func different(all []Difference) error {
	return Refusal("the experiments differ: %s (--different compares them all the same)", InWords(all))
}

// Sides compares all the scenarios that both sides have, on the named metrics. It
// refuses runs of different experiments unless that is allowed; then one scenario
// may also be compared with another one, where each side has but one.
func Sides(old, new Side, names []string, allowed bool) (*Comparison, error) {
	metrics := make([]metric.Metric, len(names))
	for i, name := range names {
		var err error
		if metrics[i], err = metric.ByName(name); err != nil {
			return nil, err
		}
	}
	c := &Comparison{Old: old, New: new}
	pairs, err := c.pairs(allowed)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		same, err := c.check(p, allowed)
		if err != nil {
			return nil, err
		}
		if err := p.fill(metrics, same); err != nil {
			return nil, err
		}
		c.Scenarios = append(c.Scenarios, *p)
	}
	return c, nil
}

// pairs puts the runs of the same scenario side by side.
func (c *Comparison) pairs(allowed bool) ([]*Scenario, error) {
	var out []*Scenario
	was, is := c.Old.scenarios(), c.New.scenarios()
	for _, name := range was {
		if slices.Contains(is, name) {
			out = append(out, &Scenario{Name: name, Old: c.Old.of(name), New: c.New.of(name)})
		} else {
			c.note("%s is in %s alone", name, c.Old.Name)
		}
	}
	for _, name := range is {
		if !slices.Contains(was, name) {
			c.note("%s is in %s alone", name, c.New.Name)
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case len(was) != 1 || len(is) != 1:
		return nil, Refusal("%s and %s have no scenario in common", c.Old.Name, c.New.Name)
	case !allowed:
		return nil, different([]Difference{{"scenario", was[0], is[0]}})
	}
	c.Notes = nil
	return []*Scenario{{Name: was[0] + " → " + is[0], Old: c.Old.Runs, New: c.New.Runs}}, nil
}

func (c *Comparison) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.Notes, text) {
		c.Notes = append(c.Notes, text)
	}
}

// check tells whether all runs are of one experiment. Those of one side must be,
// and those of both unless that is allowed.
func (c *Comparison) check(s *Scenario, allowed bool) (same bool, err error) {
	for _, side := range [][]Run{s.Old, s.New} {
		if err := twice(side); err != nil {
			return false, err
		}
		for _, r := range side[1:] {
			if differences := loads(side[0].Run, r.Run); len(differences) > 0 {
				return false, Refusal("%s and %s are no repeats of one experiment: %s", side[0].Dir, r.Dir, InWords(differences))
			}
		}
	}
	differences := loads(s.Old[0].Run, s.New[0].Run)
	if len(differences) > 0 && !allowed {
		return false, different(differences)
	}
	if len(differences) > 0 {
		c.note("the experiments differ: %s", InWords(differences))
	}
	c.noteMachines(s)
	return len(differences) == 0, nil
}

// twice refuses a side that holds a run twice: its copy is no repeat.
func twice(side []Run) error {
	in := make(map[string]string)
	for _, r := range side {
		for _, id := range r.Identities() {
			if first, ok := in[id]; ok {
				return Refusal("%s and %s hold the same run, which is no repeat of itself", first, r.Dir)
			}
			in[id] = r.Dir
		}
	}
	return nil
}

// noteMachines tells what else may be behind a change, and which figures are not
// to be trusted.
func (c *Comparison) noteMachines(s *Scenario) {
	was, is := s.Old[0].Environment, s.New[0].Environment
	for _, field := range []struct{ name, old, new string }{
		{"Go", was.Go, is.Go}, {"the system", was.OS, is.OS}, {"the CPU", was.CPU, is.CPU},
		{"the number of cores", fmt.Sprint(was.Cores), fmt.Sprint(is.Cores)}, {"the bus", was.Bus, is.Bus},
	} {
		if field.old != field.new {
			c.note("%s differs: %s and %s", field.name, field.old, field.new)
		}
	}
	for _, r := range slices.Concat(s.Old, s.New) {
		if r.Verdict != result.OK {
			c.note("%s is %s: %s", r.Dir, r.Verdict, first(r.Warnings))
		}
	}
}

func first(warnings []string) string {
	if len(warnings) == 0 {
		return "it says not why"
	}
	return warnings[0]
}

// fill compares the runs of one scenario.
func (s *Scenario) fill(metrics []metric.Metric, same bool) error {
	if len(s.Old) >= enoughRuns && len(s.New) >= enoughRuns {
		s.How = fmt.Sprintf("run by run: medians of %d and %d runs, Mann-Whitney U test", len(s.Old), len(s.New))
		for _, m := range metrics {
			s.Rows = append(s.Rows, byRun(m, s.Old, s.New))
		}
		return nil
	}
	samples, seconds, err := pools(s.Old, s.New, same)
	if err != nil {
		return err
	}
	if seconds.old.n == 0 || seconds.new.n == 0 {
		return Refusal("nothing was measured in %s", s.Name)
	}
	s.How = how(samples, seconds)
	inSamples := func(m metric.Metric) bool { return samples != nil && !isLag(m) }
	bySecond := seconds.bootstrap(slices.DeleteFunc(slices.Clone(metrics), inSamples))
	var bySample []resampled
	if samples != nil {
		bySample = samples.bootstrap(slices.DeleteFunc(slices.Clone(metrics), isLag))
	}
	for _, m := range metrics { // each list is in their order
		from, p := &bySecond, seconds
		if inSamples(m) {
			from, p = &bySample, samples
		}
		s.Rows = append(s.Rows, row(m, s.Old, s.New, (*from)[0], p))
		*from = (*from)[1:]
	}
	return nil
}

// isLag tells that a metric is of writes, which are in no sample.
func isLag(m metric.Metric) bool { return strings.HasPrefix(m.Name, "lag.") }

func how(samples, seconds *pool) string {
	switch {
	case samples != nil:
		return fmt.Sprintf("request by request: %d of the same requests, bootstrap of %d blocks of %.3g s", counted(samples.old.sent), samples.old.n, samples.old.seconds[0])
	case seconds.paired:
		return fmt.Sprintf("second by second: the same requests, bootstrap of the histograms of %d seconds", seconds.old.n)
	}
	return fmt.Sprintf("not paired: bootstrap of the histograms of %d and %d seconds", seconds.old.n, seconds.new.n)
}

// row is that of a metric which the bootstrap was asked of. The figures are those
// of the run where there is one, as they stand in its report.
func row(m metric.Metric, old, new []Run, b resampled, p *pool) Row {
	r := Row{Metric: m, Delta: b.delta, N: [2]int64{int64(len(old)), int64(len(new))}}
	r.Old, r.New = valueOf(m, old, b.old, p.old), valueOf(m, new, b.new, p.new)
	r.Delta.Change = changeOf(m, r.Old.Value, r.New.Value)
	r.Delta.Known = r.Old.Known && r.New.Known && !math.IsNaN(r.Delta.Change)
	if s, ok := statisticOf(m.Name); ok && r.Delta.Tested {
		r.N = [2]int64{s.samples(p.old), s.samples(p.new)}
	}
	return r
}

// valueOf is what the runs say of a metric: the one, or all their blocks together;
// the median of what blocks do not tell.
func valueOf(m metric.Metric, runs []Run, pooled float64, b *blocks) metric.Value {
	s, inBlocks := statisticOf(m.Name)
	switch {
	case len(runs) == 1:
		return m.Of(runs[0].Loaded)
	case inBlocks:
		v := metric.Value{Value: pooled, Low: pooled, High: pooled, Known: !math.IsNaN(pooled)}
		if v.Known && s.interval != nil {
			v.Low, v.High = s.interval(b)
		}
		return v
	}
	return summary(m, runs)
}
