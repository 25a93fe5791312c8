package report

import (
	"fmt"
	"io"

	"crosstalk/internal/result"
)

// Faults prints what was injected, as asked and as delivered. Without faults it
// prints nothing.
func Faults(w io.Writer, runs []result.Run) error {
	t := newTable(w)
	began := false
	for _, r := range runs {
		for _, f := range r.Faults {
			if !began {
				began = true
				t.heading("FAULTS, as asked and as delivered")
				t.row("scenario", "fault", "asked", "delivered", "of interactions")
			}
			asked, delivered := askedAndDelivered(f)
			t.row(r.Scenario, name(f), asked, delivered, interactions(f))
		}
	}
	t.flush()
	return t.err
}

func name(f result.Fault) string {
	if f.Code != "" {
		return fmt.Sprintf("%s %s %s", f.Target, f.Kind, f.Code)
	}
	return f.Target + " " + f.Kind
}

func askedAndDelivered(f result.Fault) (asked, delivered string) {
	switch f.Kind {
	case "outage":
		return window(f.StartSeconds, f.LengthSeconds), window(f.DeliveredStartSeconds, f.DeliveredLengthSeconds)
	case "delay":
		return "mean " + duration(f.MeanAskedSeconds), "mean " + duration(f.MeanDeliveredSeconds)
	}
	if f.Interactions == 0 {
		return percent(f.Asked) + " %", none
	}
	return percent(f.Asked) + " %", interval(f.Delivered, f.Low, f.High)
}

func interactions(f result.Fault) string {
	if f.Kind == "outage" {
		return none
	}
	return fmt.Sprint(f.Interactions)
}
