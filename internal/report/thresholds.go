package report

import (
	"fmt"
	"io"

	"crosstalk/internal/threshold"
)

// rulings is what a threshold's ruling is called.
var rulings = map[threshold.Ruling]string{threshold.Held: "ok", threshold.Crossed: "CROSSED", threshold.Skipped: "skipped", threshold.Undecided: "UNDECIDED"}

// Thresholds prints a row for each threshold and what it was held against. Without
// thresholds it prints nothing.
func Thresholds(w io.Writer, outcomes []threshold.Outcome) error {
	t := Table{Title: "THRESHOLDS", Head: columns("of", "threshold", "it is", "")}
	for _, o := range outcomes {
		t.row(text(o.Of), text(o.Threshold.Text), text(itIs(o)), text(rulings[o.Ruling]))
	}
	return Text(w, withRows(t)...)
}

// Crossing says in a line what was crossed, or could not be decided: where, which
// threshold, and by what value.
func Crossing(o threshold.Outcome) string {
	how := "crossed"
	if o.Ruling == threshold.Undecided {
		how = "undecided"
	}
	return fmt.Sprintf("%s: %s: %s: it is %s", how, o.Of, o.Threshold.Text, itIs(o))
}

// itIs is the figure that decides, with its interval and with what must be known
// of it.
func itIs(o threshold.Outcome) string {
	m, v := o.Threshold.Metric, o.Value
	if !v.Known {
		return none + " (" + o.Why + ")"
	}
	text := valueOf(m, v).String()
	if o.Threshold.Regression {
		text = change(m, v.Value)
		if v.Low != v.High {
			text += " " + bounds(v, func(end float64) string { return change(m, end) })
		}
	}
	if o.Why != "" {
		text += " (" + o.Why + ")"
	}
	return text
}
