package page

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crosstalk/internal/chart"
	"crosstalk/internal/report"
	"crosstalk/internal/result"
	"crosstalk/internal/sweep"
)

// mostViews bounds how many points of a sweep have charts of their own, which
// would else make the page slow to load.
const mostViews = 60

// Of makes the page of what was found. summary says what a scenario is; it is
// empty where that is not known.
func Of(s report.Session, summary func(scenario string) string) (Page, error) {
	if len(s.Groups) == 0 {
		return Page{}, errors.New("how cost grows has no page: ask for png, svg or markdown")
	}
	all := s.Groups[0].Figures()
	p := Page{Title: title(s), Words: report.Words(all[0], varied(s)...), Settings: report.Settings(all[0]), Notes: notes(s)}
	for n, sw := range s.Sweeps {
		t := sw.Table()
		for _, line := range t.Lines {
			p.Notes = append(p.Notes, Note{Text: line})
		}
		p.Tables = append(p.Tables, t)
		p.Sections = append(p.Sections, propagation(n, sw))
	}
	for n, m := range s.Matrices {
		for _, gap := range m.Gaps() {
			p.Notes = append(p.Notes, Note{Text: "theory does not explain " + gap})
		}
		p.Tables = append(p.Tables, m.Table())
		p.Sections = append(p.Sections, matrixSection(n, m))
	}
	if len(s.Groups) == 1 {
		p.Cards = cards(s.Groups[0], summary)
	}
	if len(s.Groups) > mostViews {
		p.Notes = append(p.Notes, Note{Text: fmt.Sprintf("only the first %d of %d groups of runs have charts of their own", mostViews, len(s.Groups))})
		s.Groups = s.Groups[:mostViews]
	}
	for n, group := range s.Groups {
		v, err := view(n, group, len(s.Sweeps) == 0)
		if err != nil {
			return p, err
		}
		p.Views = append(p.Views, v)
	}
	return p, nil
}

// varied is what the runs differ in, where all of them are one sweep's.
func varied(s report.Session) []sweep.Vary {
	if len(s.Sweeps) != 1 {
		return nil
	}
	return s.Sweeps[0].Vary
}

func title(s report.Session) string {
	switch {
	case len(s.Sweeps) > 0:
		return s.Sweeps[0].Propagation().Title
	case len(s.Matrices) > 0:
		return s.Matrices[0].Picture().Title
	}
	return "What one service feels of another"
}

// notes say what is to be known ahead of all figures: where runs are from, which
// are not OK, and which are not of one experiment.
func notes(s report.Session) []Note {
	var out []Note
	for n, source := range s.Sources {
		out = append(out, Note{Text: fmt.Sprintf("#%d is from %s", n+1, source)})
	}
	for _, g := range s.Groups {
		if len(s.Groups) > 1 {
			out = append(out, troubles(g)...)
		}
		for _, line := range report.Differences(g.Figures()) {
			out = append(out, Note{line, true})
		}
	}
	return out
}

// troubles are the runs of one of many groups that have no card to say it.
func troubles(g report.Group) []Note {
	var out []Note
	for _, r := range g.Figures() {
		if r.Verdict != result.OK || len(r.Warnings) > 0 {
			text := fmt.Sprintf("%s, %s: %s", g.Name, r.Scenario, strings.ToUpper(string(r.Verdict)))
			if len(r.Warnings) > 0 {
				text += ": " + strings.Join(r.Warnings, "; ")
			}
			out = append(out, Note{text, true})
		}
	}
	return out
}

// cards say of each run what it is worth, and its figures that matter most. Their
// intervals are in the tables.
func cards(g report.Group, summary func(string) string) []Card {
	var out []Card
	for n, r := range g.Figures() {
		c := Card{
			Scenario: r.Scenario, Summary: summary(g.Runs[n].Run.Scenario),
			Verdict: strings.ToUpper(string(r.Verdict)), Warnings: r.Warnings,
		}
		glance := report.Glance(r)
		for i, cell := range glance.Rows[0] {
			c.Figures = append(c.Figures, Figure{glance.Head[i].Name, cell.Text})
		}
		out = append(out, c)
	}
	return out
}

func view(n int, g report.Group, withTables bool) (View, error) {
	runs, err := g.Load()
	if err != nil {
		return View{}, err
	}
	figures := g.Figures()
	v := View{ID: n, Name: cmp.Or(g.Name, "the runs")}
	for _, r := range runs {
		v.Scenarios = append(v.Scenarios, r.Scenario)
	}
	if withTables {
		v.Tables = report.Comparison(figures)
	}
	v.Details = report.Details(figures)
	v.Sections = sections(fmt.Sprintf("v%d-", n), runs)
	return v, nil
}

// sections are the charts of runs that are held against each other.
func sections(prefix string, runs []*result.Loaded) []Section {
	latency, timeline, staleness := report.Latency(runs), report.Timeline(runs), report.Staleness(runs)
	of := func(id, title, text string, panels ...chart.Panel) Section {
		s := Section{ID: prefix + id, Title: title, Text: text}
		for n, p := range panels {
			s.Charts = append(s.Charts, panel(fmt.Sprintf("%s%s-%d", prefix, id, n), p))
		}
		return s
	}
	all := []Section{
		of("percentiles", "Latency by percentile",
			"Lower is better. To the right stand ever rarer requests: at 99 % one of a hundred waits longer than the line, at 99.9 % one of a thousand.",
			latency.Panels...),
		of("timeline", "Second by second",
			"Where a fault acted, the ground is shaded. A line that stays flat there felt nothing.", timeline.Panels[:2]...),
		of("errors", "Error rate", "The share of the requests due in each second that failed.", timeline.Panels[2]),
		of("staleness", "Staleness",
			"For how long an answer had been out of date when it was asked for: by percentile of all answers, and over time. Where no line stands, no answer was.",
			staleness.Panels[0], timeline.Panels[3], staleness.Panels[1]),
	}
	if s, ok := stages(prefix, runs); ok {
		all = append(all, s)
	}
	return append(all, costs(prefix, runs))
}

func propagation(n int, s report.Sweep) Section {
	out := Section{
		ID: fmt.Sprintf("propagation-%d", n), Title: "Propagation, measured and by theory",
		Text: "Points are measured, whiskers their 95 % intervals; thin lines are what theory expects. A line that stays at 0 lets nothing through.",
	}
	for i, p := range s.Propagation().Panels {
		out.Charts = append(out.Charts, panel(fmt.Sprintf("propagation-%d-%d", n, i), p))
	}
	if slices.ContainsFunc(out.Charts, Chart.open) {
		out.Text += " An arrow is an end of an interval without a bound: the samples are too few to give one."
	}
	return out
}

func matrixSection(n int, m report.Matrix) Section {
	id := fmt.Sprintf("matrix-%d", n)
	return Section{
		ID: id, Title: "The matrix: every fault in every scenario", Feels: feels(),
		Text:   "A row is one fault, a column one scenario, and the colour what D's callers felt most. " + m.Note + ".",
		Charts: []Chart{cells(id+"-0", m.Picture())},
	}
}
