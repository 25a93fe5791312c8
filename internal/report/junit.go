package report

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"

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
		Failure *junitMessage `xml:"failure"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the outcomes as JUnit's XML: a suite for each of what the thresholds
// were held against, a case for each threshold.
func JUnit(w io.Writer, outcomes []threshold.Outcome) error {
	all := junitSuites{Name: "crosstalk", Tests: len(outcomes)}
	for _, o := range outcomes {
		at := slices.IndexFunc(all.Suites, func(s junitSuite) bool { return s.Name == o.Of })
		if at < 0 {
			at = len(all.Suites)
			all.Suites = append(all.Suites, junitSuite{Name: o.Of})
		}
		s := &all.Suites[at]
		s.Tests++
		s.Cases = append(s.Cases, caseOf(o))
		switch o.Ruling {
		case threshold.Crossed:
			s.Failures++
			all.Failures++
		case threshold.Skipped:
			s.Skipped++
		}
	}
	_, err := io.WriteString(w, xml.Header)
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	err = errors.Join(err, e.Encode(all))
	_, newline := io.WriteString(w, "\n")
	return errors.Join(err, newline)
}

func caseOf(o threshold.Outcome) junitCase {
	c := junitCase{Name: o.Threshold.Text, Class: "crosstalk." + o.Of, Time: strconv.FormatFloat(o.Seconds, 'f', 3, 64)}
	switch o.Ruling {
	case threshold.Crossed:
		c.Failure = &junitMessage{Message: "it is " + itIs(o), Type: "threshold", Text: Crossing(o)}
	case threshold.Skipped:
		c.Skipped = &junitMessage{Message: o.Why}
	default:
		c.Out = "it is " + itIs(o)
	}
	return c
}
