package report

import (
	"fmt"
	"strings"

	"crosstalk/internal/counts"
	"crosstalk/internal/fault"
	"crosstalk/internal/result"
)

// faults has what was injected, as asked and as delivered.
func faults(runs []result.Run) Table {
	t := Table{Title: "FAULTS, as asked and as delivered", Head: columns("scenario", "fault", "asked", "delivered", "of interactions")}
	for _, r := range runs {
		for _, f := range r.Faults {
			asked, delivered := askedAndDelivered(f)
			t.row(text(r.Scenario), text(name(f)), asked, delivered, interactions(f))
		}
	}
	return t
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

func askedAndDelivered(f counts.Fault) (asked, delivered Cell) {
	switch kind := fault.Kind(f.Kind); {
	case kind.Windowed():
		return text(window(f.Window)), text(window(f.DeliveredWindow))
	case kind.Delays():
		if f.Interactions == 0 {
			return noFigure, noFigure
		}
		return mean(f.MeanAskedSeconds), mean(f.MeanDeliveredSeconds)
	}
	if f.Interactions == 0 {
		return inPercent(f.Asked), noFigure
	}
	return inPercent(f.Asked), interval(result.Interval{Value: f.Delivered, Low: f.Low, High: f.High})
}

func mean(seconds float64) Cell { return figure("mean "+duration(seconds), seconds) }

func interactions(f counts.Fault) Cell {
	if f.DeliveredWindow != nil { // it acts on time, not on interactions
		return noFigure
	}
	return count(f.Interactions)
}
