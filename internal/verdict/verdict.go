// Package verdict holds what people say of these styles against figures.
//
// Its law: a claim is decided by a figure that was measured, or by theory where
// the claim is about graphs that no machine here runs, and the figure stands
// beside the ruling. It runs nothing: it says what to run, and rules on what came
// out.
package verdict

import (
	"fmt"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
)

// Ruling is what became of a claim.
type Ruling string

// The rulings.
const (
	Holds   Ruling = "holds"
	Fails   Ruling = "does not hold"
	Depends Ruling = "depends"
)

// Verdict is a claim, its ruling, and the figure that decides it.
type Verdict struct {
	Style, Claim string
	Ruling       Ruling
	Figure       string
}

// Evidence is what the claims are decided by.
type Evidence struct {
	// Runs are by the name of the experiment, then by scenario.
	Runs map[string]map[string]result.Run
	// Web is what theory says of deeper and wider graphs.
	Web []Web
	// Stores is what the kinds of database take for the work of an owner and of a
	// replica.
	Stores []Store
}

// Named is one experiment of the evidence.
type Named struct {
	Name string
	// Together says that its scenarios can run at the same time: no figure of it is
	// a fine one.
	Together   bool
	Experiment *experiment.Experiment
}

// The names of the experiments.
const (
	work    = "work"    // the default one: upstreams that take their time
	bare    = "bare"    // nothing but the wiring
	outages = "outages" // A, B, C, the bus, one after the other
	aborts  = "aborts"  // a tenth of the uses of each upstream fail
	uneven  = "uneven"  // upstreams that take 5, 10 and 40 ms
	deep    = "deep"    // D needs A, A needs X, X needs Y
	kills   = "kills"   // owners are killed one after the other, as processes
	unsafe  = "unsafe"  // the same without an outbox
)

// slowest is what the slowest upstream of uneven takes, in seconds.
const slowest = 0.04

// Experiments returns what to run, over the settings of base.
func Experiments(base *experiment.Experiment) ([]Named, error) {
	var out []Named
	for _, x := range []struct {
		name     string
		together bool
		settings map[string]string
	}{
		{work, false, nil},
		{bare, false, map[string]string{"latency": "none"}},
		{outages, true, map[string]string{
			"rate": "100/s", "write-rate": "60/s", "keys": "20", "timeout": "500ms", "duration": "15s",
			"latency": "lognormal(5ms,20ms)",
			"fault":   "A:outage@3s+1s;B:outage@5500ms+1s;C:outage@8s+1s;bus:outage@10500ms+1s;bus:drop=50%@13s+1s",
		}},
		{aborts, true, map[string]string{"rate": "200/s", "fail-rate": "10%", "latency": "none", "scenario": "sync,async-request"}},
		{uneven, true, map[string]string{"rate": "50/s", "latency": "A=5ms,B=10ms,C=40ms", "scenario": "sync,async-request"}},
		{deep, true, map[string]string{"rate": "100/s", "fail-rate": "5%", "latency": "5ms", "scenario": "sync,async-request"}},
		{kills, true, killing("on")},
		{unsafe, true, killing("off")},
	} {
		e := *base
		for name, text := range x.settings {
			if err := e.Set(name, text); err != nil {
				return nil, fmt.Errorf("experiment %s: %w", x.name, err)
			}
		}
		if x.name == deep {
			e.Services = chain()
		}
		out = append(out, Named{x.name, x.together, &e})
	}
	return out, nil
}

// chain is a graph three calls deep.
func chain() []experiment.Service {
	need := func(name string) []experiment.Need { return []experiment.Need{{Service: name}} }
	return []experiment.Service{
		{Name: "D", Needs: need("A")}, {Name: "A", Needs: need("X")}, {Name: "X", Needs: need("Y")}, {Name: "Y"},
	}
}

// Decide rules on every claim, in the order of the styles. A claim whose evidence
// is missing, since its scenario was not run, is left out.
func Decide(e Evidence) []Verdict {
	var out []Verdict
	for _, c := range claims {
		if ruling, figure, ok := c.decide(e); ok {
			out = append(out, Verdict{c.style, c.text, ruling, figure})
		}
	}
	return out
}
