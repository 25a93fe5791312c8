package compare

import (
	"cmp"
	"fmt"
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
func Settings(old, new result.Run) []Difference {
	var out []Difference
	is := new.Experiment.Written()
	for i, was := range old.Experiment.Written() {
		if was.Name != "scenario" && was.Name != "seed" && was.Value != is[i].Value {
			out = append(out, Difference{was.Name, was.Value, is[i].Value})
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return cmp.Compare(a.Setting, b.Setting) })
	return out
}

// loads returns in what the loads of two runs differ: their settings, or the rate that
// was asked of all drivers, which a merged run has of several.
func loads(old, new result.Run) []Difference {
	out := Settings(old, new)
	if len(out) == 0 && old.Requests.RateAsked != new.Requests.RateAsked {
		out = append(out, Difference{"rate of all drivers", perSecond(old), perSecond(new)})
	}
	return out
}

func perSecond(r result.Run) string {
	return strconv.FormatFloat(r.Requests.RateAsked, 'g', 6, 64) + "/s"
}
