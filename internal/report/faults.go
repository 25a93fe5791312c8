package report

import (
	"fmt"
	"io"
	"strings"

	"crosstalk/internal/counts"

	"crosstalk/internal/fault"
	"crosstalk/internal/result"
)

// Faults prints what was injected, as asked and as delivered. Without faults it
// prints nothing.
func Faults(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	row := t.rows("FAULTS, as asked and as delivered",
		"scenario", "fault", "asked", "delivered", "of interactions")
	for _, r := range runs {
		for _, f := range r.Faults {
			asked, delivered := askedAndDelivered(f)
			row(r.Scenario, name(f), asked, delivered, interactions(f))
		}
	}
	t.flush()
	return t.err
}

func name(f counts.Fault) string {
	words := []string{f.Target, string(f.Kind)}
	if f.Code != "" {
		words = append(words, f.Code)
	}
	if fault.Kind(f.Kind).Argument() == fault.Factor {
		words = append(words, fmt.Sprintf("×%v", f.Asked))
	}
	if f.Window != nil && f.Interactions > 0 {
		words = append(words, window(f.Window))
	}
	return strings.Join(words, " ")
}

func askedAndDelivered(f counts.Fault) (asked, delivered string) {
	switch kind := fault.Kind(f.Kind); {
	case kind.Windowed():
		return window(f.Window), window(f.DeliveredWindow)
	case kind.Delays():
		if f.Interactions == 0 {
			return none, none
		}
		return "mean " + duration(f.MeanAskedSeconds), "mean " + duration(f.MeanDeliveredSeconds)
	}
	if f.Interactions == 0 {
		return percent(f.Asked) + " %", none
	}
	return percent(f.Asked) + " %", interval(f.Delivered, f.Low, f.High)
}

func interactions(f counts.Fault) string {
	if f.DeliveredWindow != nil { // it acts on time, not on interactions
		return none
	}
	return fmt.Sprint(f.Interactions)
}
