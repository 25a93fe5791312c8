package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"crosstalk/internal/result"
)

// Difference is a setting in which two experiments differ.
type Difference struct{ Setting, Old, New string }

// InWords names the differences in one line.
func InWords(all []Difference) string {
	words := make([]string, len(all))
	for i, d := range all {
		words[i] = fmt.Sprintf("%s is %s and %s", d.Setting, shown(d.Old), shown(d.New))
	}
	return strings.Join(words, "; ")
}

// shown keeps a long value from filling the line.
func shown(value string) string {
	switch letters := []rune(value); {
	case value == "":
		return "none"
	case len(letters) > 80:
		return string(letters[:79]) + "…"
	}
	return value
}

// Settings returns in what the experiments of two runs differ, setting by setting.
// The list of scenarios that were run beside each other is no difference, and the
// seed is none: runs of several seeds are repeats of one experiment.
func Settings(old, new result.Run) ([]Difference, error) {
	was, err := settings(old)
	if err != nil {
		return nil, err
	}
	is, err := settings(new)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(was)
	maps.Copy(names, is)
	var out []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if name != "scenario" && name != "seed" && was[name] != is[name] {
			out = append(out, Difference{name, was[name], is[name]})
		}
	}
	return out, nil
}

// loads returns in what the loads of two runs differ: their settings, or the rate that
// was asked of all drivers, which a merged run has of several.
func loads(old, new result.Run) ([]Difference, error) {
	out, err := Settings(old, new)
	if err == nil && len(out) == 0 && old.Requests.RateAsked != new.Requests.RateAsked {
		out = append(out, Difference{"rate of all drivers", perSecond(old), perSecond(new)})
	}
	return out, err
}

func perSecond(r result.Run) string {
	return strconv.FormatFloat(r.Requests.RateAsked, 'g', 6, 64) + "/s"
}

// Seed returns the seed of a run's experiment, as it stands there.
func Seed(r result.Run) string {
	all, err := settings(r)
	if err != nil {
		return ""
	}
	return all["seed"]
}

// settings returns the experiment's settings as texts. One that is missing, in a
// run of an older version, is one that is empty.
func settings(r result.Run) (map[string]string, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(r.Experiment, &raw); err != nil {
		return nil, fmt.Errorf("the experiment of %s: %w", r.Scenario, err)
	}
	out := make(map[string]string)
	for name, value := range raw {
		var text string
		if json.Unmarshal(value, &text) != nil {
			var compact bytes.Buffer
			_ = json.Compact(&compact, value) // it is JSON
			text = compact.String()
		}
		out[name] = text
	}
	return out, nil
}
