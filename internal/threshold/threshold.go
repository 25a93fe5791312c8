// Package threshold decides whether a run's figures are within what was asked of
// them.
//
// Its law: a threshold that could not be decided is never one that held. It is
// crossed where a figure should be there and is not, undecided where the figure holds
// and too few samples bound it on the side that would cross, and skipped, which is told,
// where there is nothing that it speaks of.
package threshold

import (
	"fmt"
	"math"

	"crosstalk/internal/compare"
	"crosstalk/internal/metric"
	"crosstalk/internal/result"
)

// Threshold is what is asked of a figure: SCENARIO:METRIC<BOUND.
type Threshold struct {
	// Text is how it was written.
	Text string
	// Scenario is empty where it holds for all of them.
	Scenario string
	// Regression tells that the change for the worse is bounded and not the figure.
	Regression bool
	Metric     metric.Metric
	Operator   string
	Bound      float64
	// AllowUndecided has it not fail where it cannot be decided.
	AllowUndecided bool
}

// Ruling is what became of a threshold.
type Ruling int

// The rulings.
const (
	Held Ruling = iota
	Crossed
	Skipped
	Undecided
)

// Outcome is a threshold, held against one run or one comparison.
type Outcome struct {
	Threshold Threshold
	// Of is the scenario, with the point of a sweep before it.
	Of     string
	Ruling Ruling
	// Value is the figure; of a regression, the change for the worse. It is not
	// Known where Why says so.
	Value metric.Value
	Why   string
	// Seconds is how long was measured.
	Seconds float64
}

// Fails reports whether the outcome fails a gate.
func (o Outcome) Fails() bool {
	return o.Ruling == Crossed || o.Ruling == Undecided && !o.Threshold.AllowUndecided
}

// applies reports whether a threshold speaks of a scenario.
func (t Threshold) applies(scenario string) bool { return t.Scenario == "" || t.Scenario == scenario }

// Check holds the thresholds that speak of a run's figures against it. of is what
// the run is called.
func Check(all []Threshold, of string, run *result.Loaded) []Outcome {
	var out []Outcome
	for _, t := range all {
		if t.Regression || !t.applies(run.Scenario) {
			continue
		}
		o := Outcome{Threshold: t, Of: of, Value: t.Metric.Of(run), Seconds: run.MeasuredSeconds}
		switch {
		case o.Value.Known:
			o.Ruling, o.Why = t.decide(o.Value.Value, o.Value)
		case optional[t.distribution()]:
			o.Ruling, o.Why = Skipped, "there are no samples of it"
		default:
			o.Ruling, o.Why = Crossed, "nothing was measured"
		}
		out = append(out, o)
	}
	return out
}

// Runs holds the thresholds against each of some runs.
func Runs(all []Threshold, runs []*result.Loaded) []Outcome {
	var out []Outcome
	for _, r := range runs {
		out = append(out, Check(all, r.Scenario, r)...)
	}
	return out
}

// Compared holds the thresholds against a comparison: those of regressions against
// what changed, the others against the new runs.
func Compared(all []Threshold, c *compare.Comparison) []Outcome {
	var out []Outcome
	for _, s := range c.Scenarios {
		for n, r := range s.New {
			out = append(out, Check(all, NameOf(s, n), r.Loaded)...)
		}
		for _, t := range all {
			if t.Regression && t.applies(s.Name) {
				out = append(out, t.regression(s))
			}
		}
	}
	return out
}

// NameOf is what the new run of that number is called in a comparison.
func NameOf(s compare.Scenario, n int) string {
	if len(s.New) > 1 {
		return fmt.Sprintf("%s #%d", s.Name, n+1)
	}
	return s.Name
}

// regression bounds the change for the worse. One that may be noise is none; one
// of a figure that no test speaks of counts as it is.
func (t Threshold) regression(s compare.Scenario) Outcome {
	o := Outcome{Threshold: t, Of: s.Name, Seconds: s.New[0].MeasuredSeconds}
	row, ok := s.Row(t.Metric.Name)
	d := row.Worse()
	switch {
	case !ok || !d.Known && !row.New.Known:
		o.Ruling, o.Why = Skipped, "there are no samples of it"
	case !d.Known:
		o.Ruling, o.Why = Skipped, "there was nothing of it before"
	case d.Tested && !d.Significant():
		o.Value, o.Why = metric.Value{Value: d.Change, Low: d.Low, High: d.High, Known: true}, "not significant"
		o.Ruling = t.rule(0)
	case d.Tested:
		o.Value = metric.Value{Value: d.Change, Low: d.Low, High: d.High, Known: true}
		o.Ruling = t.rule(d.Change)
	default:
		o.Value = untested(d.Change, row)
		o.Ruling, o.Why = t.decide(d.Change, o.Value)
	}
	return o
}

// untested is a change that no test speaks of: exactly as it is, but for one of figures
// that too few samples bound, of which nothing is sure.
func untested(change float64, r compare.Row) metric.Value {
	v := metric.Value{Value: change, Low: change, High: change, Known: true}
	for _, of := range []metric.Value{r.Old, r.New} {
		if of.OpenBelow() || of.OpenAbove() {
			v.Low, v.High = math.Inf(-1), math.Inf(1)
		}
	}
	return v
}

// decide rules by a figure. One that holds is undecided where its interval is open
// towards the side that crosses: with more samples it might not have held.
func (t Threshold) decide(value float64, interval metric.Value) (Ruling, string) {
	ruling := t.rule(value)
	if ruling != Held {
		return ruling, ""
	}
	above := t.Operator[0] != '>' && interval.OpenAbove()
	below := t.Operator[0] != '<' && interval.OpenBelow()
	if above || below {
		return Undecided, "not decidable: too few samples"
	}
	return Held, ""
}

// rule compares a figure with the bound.
func (t Threshold) rule(value float64) Ruling {
	holds := map[string]bool{
		"<": value < t.Bound, "<=": value <= t.Bound, ">": value > t.Bound, ">=": value >= t.Bound,
		"==": value == t.Bound, "!=": value != t.Bound,
	}
	if holds[t.Operator] {
		return Held
	}
	return Crossed
}
