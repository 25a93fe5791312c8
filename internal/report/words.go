package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
)

// asked is an experiment as run.json has it: settings as their flags write them.
type asked struct {
	Rate        string `json:"rate"`
	Arrival     string `json:"arrival"`
	Concurrency string `json:"concurrency"`
	Duration    string `json:"duration"`
	WarmUp      string `json:"warmup"`
	Timeout     string `json:"timeout"`
	WriteRate   string `json:"write-rate"`
	Keys        string `json:"keys"`
	Seed        string `json:"seed"`
	Fanout      string `json:"fanout"`
	Latency     string `json:"latency"`
	FailRate    string `json:"fail-rate"`
	HangRate    string `json:"hang-rate"`
	Outage      string `json:"outage"`
	Fault       string `json:"fault"`
	Workers     string `json:"workers"`
	Policy      string `json:"policy"`
	Services    []struct {
		Name  string            `json:"name"`
		Needs []json.RawMessage `json:"needs"`
	} `json:"services"`
}

// Words says in sentences what a run was asked, and where it ran. Of a sweep, vary
// is what other runs were asked otherwise.
func Words(r result.Run, vary ...sweep.Vary) []string {
	a, err := askedOf(r, vary)
	if err != nil || a.Duration == "" {
		return []string{"What was asked does not stand in the run."}
	}
	var words []string
	for _, v := range vary {
		words = append(words, fmt.Sprintf("Varied: %s, over %s. Everything else is held equal.", v.Setting, strings.Join(v.Values, ", ")))
	}
	return append(words, a.load(), a.graph(), a.faults(), where(r))
}

// askedOf reads what a run was asked, with a word in the place of what is varied.
func askedOf(r result.Run, vary []sweep.Vary) (a asked, err error) {
	var all map[string]any
	if err := json.Unmarshal(r.Experiment, &all); err != nil {
		return a, err
	}
	for _, v := range vary {
		all[v.Setting] = "(varied)"
	}
	text, err := json.Marshal(all)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a)
}

func (a asked) load() string {
	load := fmt.Sprintf("Queries are due at D at %s, with %s gaps", a.Rate, a.Arrival)
	if a.Rate == "0" {
		load = fmt.Sprintf("%s workers query D as fast as it answers", a.Concurrency)
	}
	text := fmt.Sprintf("%s, for %s", load, a.Duration)
	if a.WarmUp != "" && a.WarmUp != "0s" {
		text += fmt.Sprintf(" after a warm-up of %s", a.WarmUp)
	}
	return fmt.Sprintf("%s; a query fails after %s. Writes come at %s over %s keys per owner. Everything random follows from seed %s.",
		text, a.Timeout, writes(a.WriteRate), a.Keys, a.Seed)
}

func writes(rate string) string {
	if strings.HasSuffix(rate, "%") {
		return rate + " of that rate"
	}
	return rate
}

func (a asked) graph() string {
	var needs []string
	for _, s := range a.Services {
		var names []string
		for _, n := range s.Needs {
			names = append(names, needName(n))
		}
		if len(names) > 0 {
			needs = append(needs, s.Name+" needs "+strings.Join(names, ", "))
		}
	}
	text := strings.Join(needs, "; ") + ", fetched in " + a.Fanout
	if a.Fanout == "sequential" {
		text = strings.Join(needs, "; ") + ", fetched one after the other"
	}
	work := "Upstreams take no time of their own."
	if a.Latency != "none" && a.Latency != "" {
		work = "Each use of an upstream takes " + a.Latency + "."
	}
	return text + ". " + work
}

// needName is a need without what is said of its link.
func needName(raw json.RawMessage) string {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return name
	}
	var need struct {
		Service string `json:"service"`
	}
	_ = json.Unmarshal(raw, &need) // a need of another form has no name to be told
	return need.Service
}

// manyFaults is how many are named before they are only counted.
const manyFaults = 6

func (a asked) faults() string {
	var parts []string
	for _, p := range []struct{ name, value string }{
		{"fail rate", a.FailRate}, {"hang rate", a.HangRate}, {"outage", a.Outage}, {"faults", a.Fault},
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
	if a.Policy != "" && a.Policy != "none" {
		text += " D's policy: " + a.Policy + "."
	}
	if a.Workers != "" && a.Workers != "none" {
		text += " Workers: " + a.Workers + "."
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

// Setting is one setting of an experiment, by the name of its flag.
type Setting struct{ Name, Value string }

// Settings lists what a run was asked, by name.
func Settings(r result.Run) []Setting {
	var all map[string]any
	if json.Unmarshal(r.Experiment, &all) != nil {
		return nil
	}
	var out []Setting
	for _, name := range slices.Sorted(maps.Keys(all)) {
		value, ok := all[name].(string)
		if !ok {
			text, _ := json.Marshal(all[name]) // it was JSON
			value = string(text)
		}
		if value != "" && name != "scenario" {
			out = append(out, Setting{name, value})
		}
	}
	return out
}

// Differences names the settings in which runs are not of one experiment: a line
// each. Scenarios may differ.
func Differences(runs []result.Run) []string {
	values := make(map[string][]string) // by setting, in the order of the runs
	for n, r := range runs {
		for _, s := range Settings(r) {
			for len(values[s.Name]) < n {
				values[s.Name] = append(values[s.Name], "")
			}
			values[s.Name] = append(values[s.Name], s.Value)
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		of := values[name]
		for len(of) < len(runs) {
			of = append(of, "")
		}
		if i := slices.IndexFunc(of, func(v string) bool { return v != of[0] }); i > 0 {
			lines = append(lines, fmt.Sprintf("not one experiment: %s is %s in %s and %s in %s",
				name, cmp.Or(of[0], "not set"), runs[0].Scenario, cmp.Or(of[i], "not set"), runs[i].Scenario))
		}
	}
	return lines
}
