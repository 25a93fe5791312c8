// Package sweep is the same experiment at many points.
//
// Its law: all points share the seed, so their requests are the same ones and
// only what is varied differs. It runs nothing and prints nothing: it says which
// experiments to run, and what may be concluded from what came out.
package sweep

import (
	"fmt"
	"slices"
	"strings"

	"crosstalk/internal/experiment"
)

// Vary is a setting and the values that it takes.
type Vary struct {
	Setting string
	Values  []string
}

// UnmarshalText reads SETTING=VALUE,VALUE,... Values that hold commas themselves
// are put apart by semicolons.
func (v *Vary) UnmarshalText(text []byte) error {
	name, list, ok := strings.Cut(string(text), "=")
	name = strings.TrimPrefix(strings.TrimSpace(name), "--")
	separator := ","
	if strings.Contains(list, ";") {
		separator = ";"
	}
	next := Vary{Setting: name}
	for value := range strings.SplitSeq(list, separator) {
		value = strings.TrimSpace(value)
		if value == "" || !ok || name == "" {
			return fmt.Errorf("%q is not SETTING=VALUE,VALUE,..., such as fail-rate=0,0.01,0.1", text)
		}
		if slices.Contains(next.Values, value) {
			return fmt.Errorf("%q has %s twice", text, value)
		}
		next.Values = append(next.Values, value)
	}
	*v = next
	return nil
}

func (v Vary) String() string {
	separator := ","
	if slices.ContainsFunc(v.Values, func(s string) bool { return strings.Contains(s, ",") }) {
		separator = ";"
	}
	return v.Setting + "=" + strings.Join(v.Values, separator)
}

// Point is one experiment of a sweep.
type Point struct {
	// Values are those of the varied settings, in their order.
	Values     []string
	Experiment *experiment.Experiment
}

// Name is the point's name in folders: fail-rate=0.05.
func (p Point) Name(vary []Vary) string {
	parts := make([]string, len(vary))
	for i, v := range vary {
		parts[i] = v.Setting + "=" + p.Values[i]
	}
	return strings.NewReplacer("/", "-", ":", "-", ";", "-", " ", "_").Replace(strings.Join(parts, ","))
}

// mostPoints bounds a sweep: more is a slip of the keyboard.
const mostPoints = 1000

// Points returns the grid of all values of vary over base. valid checks each
// experiment; its errors, and those of the values, name the setting.
func Points(base *experiment.Experiment, vary []Vary, valid func(*experiment.Experiment) error) ([]Point, error) {
	total := 1
	for i, v := range vary {
		if total *= len(v.Values); total > mostPoints {
			return nil, fmt.Errorf("more than %d points", mostPoints)
		}
		if slices.ContainsFunc(vary[:i], func(other Vary) bool { return other.Setting == v.Setting }) {
			return nil, fmt.Errorf("%s is varied twice", v.Setting)
		}
	}
	var points []Point
	for n := range total {
		values := make([]string, len(vary))
		for i := len(vary) - 1; i >= 0; i-- {
			values[i] = vary[i].Values[n%len(vary[i].Values)]
			n /= len(vary[i].Values)
		}
		e := *base
		for i, v := range vary {
			if err := e.Set(v.Setting, values[i]); err != nil {
				return nil, err
			}
		}
		if err := valid(&e); err != nil {
			return nil, fmt.Errorf("with %s: %w", Point{Values: values}.Name(vary), err)
		}
		points = append(points, Point{values, &e})
	}
	return points, nil
}
