package report

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"crosstalk/internal/result"
	"crosstalk/internal/threshold"
)

// The elements of JUnit's XML, as far as they are needed here. Their order and
// their attributes are those that Jenkins' schema, junit-10.xsd, has.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Skipped *junitMessage `xml:"skipped"`
		Error   *junitMessage `xml:"error"`
		Failure *junitMessage `xml:"failure"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// Validity is what the figures are worth that thresholds were held against.
type Validity struct {
	// Of is what was measured, as an Outcome has it.
	Of      string
	Seconds float64
	// Trouble is empty where they are in order; else it is what they are, such as
	// "invalid", and Why says why.
	Trouble string
	Why     []string
	// Comparison is what came of comparing the databases; nil where it is not told.
	Comparison *result.Comparison
}

// ValidityOf is that of a run, which is called of.
func ValidityOf(of string, r result.Run) Validity {
	v := Validity{Of: of, Seconds: r.MeasuredSeconds, Why: r.Warnings, Comparison: r.Comparison}
	if r.Verdict != result.OK {
		v.Trouble = string(r.Verdict)
	}
	return v
}

// JUnit writes the outcomes as JUnit's XML: a suite for each of what the thresholds
// were held against, in it a case for its validity, one for the comparison of its
// databases, and one for each threshold. What is
// not in order is an error, as figures that no threshold can be held against.
func JUnit(w io.Writer, runs []Validity, outcomes []threshold.Outcome) error {
	all := junitSuites{Name: "crosstalk"}
	for _, v := range runs {
		all.add(v.Of, validityCase(v))
		if v.Comparison != nil {
			all.add(v.Of, comparisonCase(v))
		}
	}
	for _, o := range outcomes {
		all.add(o.Of, caseOf(o))
	}
	_, err := io.WriteString(w, xml.Header)
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	err = errors.Join(err, e.Encode(all))
	_, newline := io.WriteString(w, "\n")
	return errors.Join(err, newline)
}

// add adds a case to a suite, and counts it.
func (j *junitSuites) add(suite string, c junitCase) {
	at := slices.IndexFunc(j.Suites, func(s junitSuite) bool { return s.Name == suite })
	if at < 0 {
		at = len(j.Suites)
		j.Suites = append(j.Suites, junitSuite{Name: suite})
	}
	s := &j.Suites[at]
	s.Cases = append(s.Cases, c)
	s.Tests++
	j.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
		j.Failures++
	case c.Error != nil:
		s.Errors++
		j.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func validityCase(v Validity) junitCase {
	c := newCase("validity", v.Of, v.Seconds)
	why := strings.Join(v.Why, "\n")
	if v.Trouble == "" {
		c.Out = why
		return c
	}
	message := strings.ToUpper(v.Trouble)
	if len(v.Why) > 0 {
		message += ": " + v.Why[0]
	}
	c.Error = &junitMessage{Message: message, Type: v.Trouble, Text: why}
	return c
}

func newCase(name, of string, seconds float64) junitCase {
	return junitCase{Name: name, Class: "crosstalk." + of, Time: strconv.FormatFloat(seconds, 'f', 3, 64)}
}

func caseOf(o threshold.Outcome) junitCase {
	c := newCase(o.Threshold.Text, o.Of, o.Seconds)
	switch {
	case o.Fails():
		c.Failure = &junitMessage{Message: "it is " + itIs(o), Type: "threshold", Text: Crossing(o)}
	case o.Ruling == threshold.Undecided:
		c.Skipped = &junitMessage{Message: "it is " + itIs(o)}
	case o.Ruling == threshold.Skipped:
		c.Skipped = &junitMessage{Message: o.Why}
	default:
		c.Out = "it is " + itIs(o)
	}
	return c
}
