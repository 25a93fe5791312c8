package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
)

// Words says in sentences what a run was asked, and where it ran. Of a sweep, vary
// is what other runs were asked otherwise.
func Words(r result.Run, vary ...sweep.Vary) []string {
	if r.Experiment.Duration == 0 {
		return []string{"What was asked does not stand in the run."}
	}
	a := asked{r.Experiment, vary}
	var words []string
	for _, v := range vary {
		words = append(words, fmt.Sprintf("Varied: %s, over %s. Everything else is held equal.", v.Setting, strings.Join(v.Values, ", ")))
	}
	return append(words, a.load(), a.graph(), a.faults(), where(r))
}

// asked is what a run was asked, of which some settings are varied in others.
type asked struct {
	experiment.Experiment
	vary []sweep.Vary
}

// text is a setting as its flag writes it, with a word in the place of one that is varied.
func (a asked) text(name string) string {
	if slices.ContainsFunc(a.vary, func(v sweep.Vary) bool { return v.Setting == name }) {
		return "(varied)"
	}
	return a.Text(name)
}

func (a asked) load() string {
	load := fmt.Sprintf("Queries are due at D at %s, with %s gaps", a.text("rate"), a.text("arrival"))
	if a.text("rate") == "0" {
		load = fmt.Sprintf("%s workers query D as fast as it answers", a.text("concurrency"))
	}
	text := fmt.Sprintf("%s, for %s", load, a.text("duration"))
	if a.WarmUp > 0 {
		text += fmt.Sprintf(" after a warm-up of %s", a.text("warmup"))
	}
	writes := a.text("write-rate")
	if strings.HasSuffix(writes, "%") {
		writes += " of that rate"
	}
	return fmt.Sprintf("%s; a query fails after %s. Writes come at %s over %s keys per owner. Everything random follows from seed %s.",
		text, a.text("timeout"), writes, a.text("keys"), a.text("seed"))
}

func (a asked) graph() string {
	var needs []string
	for _, s := range a.Services {
		var names []string
		for _, n := range s.Needs {
			names = append(names, n.Service)
		}
		if len(names) > 0 {
			needs = append(needs, s.Name+" needs "+strings.Join(names, ", "))
		}
	}
	text := strings.Join(needs, "; ") + ", fetched in " + a.text("fanout")
	if a.text("fanout") == "sequential" {
		text = strings.Join(needs, "; ") + ", fetched one after the other"
	}
	work := "Upstreams take no time of their own."
	if latency := a.text("latency"); latency != "none" && latency != "" {
		work = "Each use of an upstream takes " + latency + "."
	}
	return text + ". " + work
}

// manyFaults is how many are named before they are only counted.
const manyFaults = 6

func (a asked) faults() string {
	var parts []string
	for _, p := range []struct{ name, value string }{
		{"fail rate", a.text("fail-rate")}, {"hang rate", a.text("hang-rate")}, {"outage", a.text("outage")}, {"faults", a.text("fault")},
	} {
		switch n := strings.Count(p.value, ";") + 1; {
		case p.value == "" || p.value == "0":
		case n > manyFaults:
			parts = append(parts, fmt.Sprintf("%d %s, one after the other", n, p.name))
		default:
			parts = append(parts, p.name+" "+p.value)
		}
	}
	text := "Nothing is made to fail."
	if len(parts) > 0 {
		text = "What is made to fail: " + strings.Join(parts, "; ") + "."
	}
	if policy := a.text("policy"); policy != "" && policy != "none" {
		text += " D's policy: " + policy + "."
	}
	if workers := a.text("workers"); workers != "" && workers != "none" {
		text += " Workers: " + workers + "."
	}
	return text
}

func where(r result.Run) string {
	e := r.Environment
	var stores []string
	for _, kind := range slices.Sorted(maps.Values(e.Stores)) {
		if !slices.Contains(stores, kind) {
			stores = append(stores, kind)
		}
	}
	text := fmt.Sprintf("Measured on %s, on %d cores (%s, %s), %s", r.Started.UTC().Format("2 January 2006 at 15:04:05 UTC"), e.Cores, e.CPU, e.OS, e.Go)
	if e.Commit != "" && e.Commit != "unknown" {
		text += ", revision " + e.Commit
	}
	if len(stores) > 0 {
		text += "; databases: " + strings.Join(stores, ", ")
	}
	switch e.Placement {
	case "process":
		text += "; each service a process of its own"
	case "elsewhere":
		text += "; the services elsewhere"
	}
	if e.Instrument == nil {
		return text + "."
	}
	return text + ". " + trust(*e.Instrument) + "."
}

// trust says what the machine was found fit for before the load.
func trust(i result.Instrument) string {
	text := fmt.Sprintf("Before the load, this machine could tell apart medians %s from each other", duration(i.SmallestP50))
	if i.TrustedRate == 0 {
		return text + ", and be trusted at no rate"
	}
	return text + fmt.Sprintf(", and be trusted up to %s/s", digits(i.TrustedRate))
}

// Settings lists what a run was asked, by name.
func Settings(r result.Run) []experiment.Written {
	all := slices.DeleteFunc(r.Experiment.Written(), func(w experiment.Written) bool { return w.Value == "" || w.Name == "scenario" })
	slices.SortFunc(all, func(a, b experiment.Written) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Differences names the settings in which runs are not of one experiment: a line
// each. Scenarios may differ.
func Differences(runs []result.Run) []string {
	var lines []string
	for i, first := range runs[0].Experiment.Written() {
		if first.Name == "scenario" {
			continue
		}
		for _, r := range runs[1:] {
			if other := r.Experiment.Written()[i]; other.Value != first.Value {
				lines = append(lines, fmt.Sprintf("not one experiment: %s is %s in %s and %s in %s",
					first.Name, cmp.Or(first.Value, "not set"), runs[0].Scenario, cmp.Or(other.Value, "not set"), r.Scenario))
				break
			}
		}
	}
	slices.Sort(lines)
	return lines
}
