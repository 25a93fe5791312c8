// Package matrix is every component times every fault that fits it.
//
// Its law: all faults act in one run, one after the other, each in a window of
// its own with a rest behind it, so what is felt of each is held against the same
// fault-free stretch. It runs nothing: it says which experiment to run, and what
// the callers felt of each fault.
package matrix

import (
	"fmt"
	"math"
	"time"

	"crosstalk/internal/counts"

	"crosstalk/internal/experiment"
	"crosstalk/internal/fault"
	"crosstalk/internal/result"
	"crosstalk/internal/setting"
)

// Plan is how the faults are laid out in time.
type Plan struct {
	// Lead is the fault-free stretch ahead of the first one.
	Lead time.Duration
	// Length is for how long each fault acts, Rest how long it is waited behind it.
	Length time.Duration
	Rest   time.Duration
}

// DefaultPlan has the matrix of the default graph done in under two minutes.
func DefaultPlan() Plan {
	return Plan{Lead: 4 * time.Second, Length: time.Second, Rest: 1500 * time.Millisecond}
}

// Row is one fault of the matrix.
type Row struct {
	// Component is what it sits at: "A", "bus", "D.store".
	Component string
	Fault     fault.Fault
}

// Rows returns the faults of an experiment's graph, laid out one after the other.
func (p Plan) Rows(e *experiment.Experiment) ([]Row, error) {
	var rows []Row
	start := p.Lead
	// Signals need processes, which the matrix does not.
	add := func(component string, target fault.Target) error {
		for _, d := range fault.Table {
			if !d.Hits(target.Part) || d.Signal != 0 {
				continue
			}
			text := fmt.Sprintf("%s:%s@%s+%s", target, d.Probe(target.Part), setting.Duration(start), setting.Duration(p.Length))
			var f fault.Fault
			if err := f.UnmarshalText([]byte(text)); err != nil {
				return err
			}
			rows = append(rows, Row{component, f})
			start += p.Length + p.Rest
		}
		return nil
	}
	for _, owner := range e.Owners() {
		if err := add(owner, fault.Target{Service: owner}); err != nil {
			return nil, err
		}
	}
	entry := e.Entry().Name
	if err := add(entry+"'s store", fault.Target{Service: entry, Part: fault.Store}); err != nil {
		return nil, err
	}
	if err := add("bus", fault.Target{Part: fault.Bus}); err != nil {
		return nil, err
	}
	for _, owner := range e.Owners() {
		if err := add(owner+"'s events", fault.Target{Service: owner, Part: fault.Events}); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Experiment returns base with the faults of rows, and as long as they take.
func (p Plan) Experiment(base *experiment.Experiment, rows []Row) *experiment.Experiment {
	e := *base
	e.Fault = append(fault.Faults{}, base.Fault...)
	for _, r := range rows {
		e.Fault = append(e.Fault, r.Fault)
	}
	e.Duration = setting.Duration(p.Lead + time.Duration(len(rows))*(p.Length+p.Rest))
	return &e
}

// Feel is what D's callers felt most of a fault.
type Feel int

// The feels, from the least to the worst.
const (
	// Missing: there is nothing for the fault to act on.
	Missing Feel = iota
	Nothing
	Staler
	Slower
	Errors
)

// Cell is what the callers felt of one fault in one scenario.
type Cell struct {
	Feel   Feel
	Impact result.Impact
	// Copied says that there is a copy that can be behind; Lossy that what is
	// missing in it does not come any more.
	Copied, Lossy bool
}

// How much worse than without the fault counts as felt: more than a tenth of the answers
// slower than 99 % were, or so many more of them old. All are held end of interval against
// end of interval, as errors are, so that no class comes of luck with few requests: with
// the fault, or without it.
const (
	slowFelt  = 0.1
	staleFelt = 0.05
)

// CellOf returns what was felt of a fault in a run. delivered tells whether there
// was anything for the fault to act on.
func CellOf(impact result.Impact, delivered bool) Cell {
	c := Cell{Feel: Nothing, Impact: impact}
	switch {
	case !delivered:
		c.Feel = Missing
	case impact.ErrorRate.Low > impact.BaselineErrorRate.High:
		c.Feel = Errors
	case slower(impact):
		c.Feel = Slower
	case staler(impact):
		c.Feel = Staler
	}
	return c
}

// slower tells whether more answers than a tenth, and than may well have been without the
// fault, took longer than 99 % did then: of 5 requests, 2 in 5 may exceed their largest.
// A baseline of which no number is known, of an older file, is taken as it is.
func slower(i result.Impact) bool {
	before := 0.0
	if i.BaselineRequests > 0 {
		before = successes(0.01, i.BaselineRequests, i.BaselineErrorRate).High
	}
	return successes(i.SlowShare, i.Requests, i.ErrorRate).Low > max(slowFelt, before)
}

// staler tells whether more answers were old than without the fault. A baseline of which
// no number is known, of an older file, is taken as it is.
func staler(i result.Impact) bool {
	before := i.BaselineStaleShare
	if i.BaselineRequests > 0 {
		before = successes(before, i.BaselineRequests, i.BaselineErrorRate).High
	}
	return successes(i.StaleShare, i.Requests, i.ErrorRate).Low > before+staleFelt
}

// successes is a share of the successes among requests, with its 95 % interval.
func successes(share float64, requests int64, errors result.Interval) result.Interval {
	n := math.Round(float64(requests) * (1 - errors.Value))
	return result.Share(int64(math.Round(share*n)), int64(n))
}

// Cells returns what was felt of each row in a run.
func Cells(rows []Row, run *result.Run) []Cell {
	cells := make([]Cell, len(rows))
	for n, r := range rows {
		for _, i := range run.Impacts {
			if i.Window == windowOf(r.Fault) {
				cells[n] = CellOf(i, delivered(r.Fault, run))
				cells[n].Copied = len(run.CopyBytes) > 0
				cells[n].Lossy = r.Fault.Kind.LosesEvents()
			}
		}
	}
	return cells
}

func windowOf(f fault.Fault) counts.Window {
	return counts.Window{StartSeconds: f.Window.Start.Seconds(), LengthSeconds: f.Window.Length.Seconds()}
}

// delivered tells whether a run has the fault's target at all: a topology without
// a bus cannot lose it, and D has no database to fail where it keeps nothing.
func delivered(f fault.Fault, run *result.Run) bool {
	for _, told := range run.Faults {
		if told.Target != f.Target.String() || told.Kind != f.Kind || told.Window == nil || *told.Window != windowOf(f) {
			continue
		}
		if told.Interactions > 0 || told.DeliveredWindow != nil {
			return true
		}
	}
	return false
}
