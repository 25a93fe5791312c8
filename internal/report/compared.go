package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"crosstalk/internal/result"
)

// Compared says in a sentence what came of the comparison of a run's databases: in each
// table, page and file that tells of it. It is a dash for a run of before there was one.
func Compared(c *result.Comparison) string {
	if c == nil {
		return none
	}
	not := ""
	if c.NotCompared != "" {
		not = "not compared: " + c.NotCompared
	}
	if c.Rows() == 0 && c.Lost == 0 && len(c.Explained) == 0 {
		return cmp.Or(not, "0 rows compared")
	}
	text := fmt.Sprintf("%s compared, %s differ", counted(c.Rows(), "row"), thousands(c.Differing))
	if c.Lost > 0 {
		text += fmt.Sprintf(", %s lost", counted(c.Lost, "change"))
	}
	for _, e := range c.Explained {
		text += fmt.Sprintf("; explained by %s: %s, %s", e.Fault, counted(e.Rows, "row"), counted(e.Changes, "change"))
	}
	if not != "" {
		text += "; " + not
	}
	return text
}

// counted returns a count with what is counted, of which there is one or are several.
func counted(n int64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + one + "s"
}

// thousands returns a count with a comma between each three digits.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// databases has what came of the comparison of the databases, where it is told.
func databases(runs []result.Run) Table {
	t := Table{
		Title: "COMPARISON of the databases after the load: upstreams with what they acknowledged, replicas with their upstreams",
		Head:  columns("scenario", "rows of upstreams", "rows of replicas", "outcome"),
	}
	for _, r := range runs {
		if c := r.Comparison; c != nil {
			t.row(text(r.Scenario), count(c.OwnerRows), count(c.ReplicaRows), outcome(c))
		}
	}
	return t
}

// outcome is sorted by how much was compared, and is words where nothing was.
func outcome(c *result.Comparison) Cell {
	if c.Rows() == 0 && c.NotCompared != "" {
		return text(Compared(c))
	}
	return figure(Compared(c), float64(c.Rows()))
}

// Comparisons says it of several runs: in one line of all that were compared whole
// and in which nothing differs, and in one line each of the others. name tells them apart.
func Comparisons(runs []result.Run, name func(run int) string) []string {
	var lines []string
	var clean result.Comparison
	n := 0
	for i, r := range runs {
		c := r.Comparison
		switch {
		case c == nil:
		case c.Clean():
			n++
			clean.OwnerRows += c.OwnerRows
			clean.ReplicaRows += c.ReplicaRows
		default:
			lines = append(lines, name(i)+": "+Compared(c))
		}
	}
	if n == 0 {
		return lines
	}
	return append([]string{fmt.Sprintf("databases of %d of %d runs: %s", n, len(runs), Compared(&clean))}, lines...)
}

var comparisonHead = []string{"rows_compared", "rows_differing", "changes_lost", "comparison"}

// comparisonFields are the columns of a file of CSV; empty for a run of before there was
// a comparison.
func comparisonFields(c *result.Comparison) []string {
	if c == nil {
		return make([]string, len(comparisonHead))
	}
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	return []string{whole(c.Rows()), whole(c.Differing), whole(c.Lost), Compared(c)}
}

// comparisonCase is an error of JUnit's XML where something differs, and skipped where
// not all was compared.
func comparisonCase(v Validity) junitCase {
	c := newCase("comparison", v.Of, v.Seconds)
	text := Compared(v.Comparison)
	switch {
	case v.Comparison.Differing > 0 || v.Comparison.Lost > 0:
		c.Error = &junitMessage{Message: strings.ToUpper(string(result.Wrong)) + ": " + text, Type: string(result.Wrong)}
	case v.Comparison.NotCompared != "":
		c.Skipped = &junitMessage{Message: text}
	default:
		c.Out = text
	}
	return c
}
