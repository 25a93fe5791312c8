// Package page is the report as one HTML file.
//
// Its law: the file is whole. It asks no network for anything, it holds all that
// it shows, and the same runs give the same bytes. It computes no figure: tables
// are those of the terminal, charts have the points of the pictures, and Apache
// ECharts draws them.
package page

import (
	_ "embed"
	"html/template"
	"io"
	"slices"

	"crosstalk/internal/chart"
	"crosstalk/internal/experiment"
	"crosstalk/internal/report"
)

// Page is what is shown, from top to bottom.
type Page struct {
	Title string
	// Words say what was asked; Settings are all of it.
	Words    []string
	Settings []experiment.Written
	// Notes are what is to be known of the whole, ahead of all figures.
	Notes []Note
	// Cards are the runs at a glance.
	Cards []Card
	// Tables and Sections are of a sweep or a matrix.
	Tables   []report.Table
	Sections []Section
	// Views are runs that are held against each other. One at a time is shown.
	Views []View
}

// Note is one line; a warning where it is Bad.
type Note struct {
	Text string
	Bad  bool
}

// Card is one run at a glance.
type Card struct {
	Scenario string
	Summary  string
	Verdict  string
	Warnings []string
	Figures  []Figure
}

// Bad tells whether the run's figures are not to be used as they are.
func (c Card) Bad() bool { return c.Verdict != "OK" }

// Figure is a number and what it is.
type Figure struct{ Name, Value string }

// View is one group of runs.
type View struct {
	ID        int
	Name      string
	Scenarios []string
	Tables    []report.Table
	Sections  []Section
	Details   []report.Table
}

// Section is charts that belong together, and a sentence on how to read them.
type Section struct {
	ID, Title, Text string
	// Feels is what the colours of a matrix mean.
	Feels  []Feel
	Charts []Chart
}

// Feel is a colour of a matrix.
type Feel struct{ Words, Weak, Strong string }

// look is how a scenario looks, as the scripts have it.
type look struct {
	Light  string    `json:"light"`
	Dark   string    `json:"dark"`
	Dashes []float64 `json:"dashes"`
	Symbol string    `json:"symbol"`
}

//go:embed vendor/echarts.min.js
var echarts string

//go:embed vendor/VERSION
var echartsVersion string

//go:embed page.js
var script string

//go:embed page.css
var style string

//go:embed page.html
var markup string

var layout = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"sort": sortKey, "look": func(scenario string) chart.Look { return chart.LookOf(scenario) },
	"css": func(text string) template.CSS { return template.CSS(text) }, // colours of chart alone
}).Parse(markup))

// Write writes the page.
func (p Page) Write(w io.Writer) error {
	return layout.Execute(w, struct {
		Page
		Style           template.CSS
		ECharts, Script template.JS
		Version         string
		Charts          map[string]Chart
		Looks           map[string]look
	}{p, template.CSS(style), template.JS(echarts), template.JS(script), echartsVersion, p.charts(), p.looks()})
}

// Contents are the sections that are there from the start.
func (p Page) Contents() []Section {
	return append(slices.Clone(p.Sections), p.Views[0].Sections...)
}

// charts are all charts, by the ID of their place.
func (p Page) charts() map[string]Chart {
	all := make(map[string]Chart)
	add := func(sections []Section) {
		for _, s := range sections {
			for _, c := range s.Charts {
				all[c.ID] = c
			}
		}
	}
	add(p.Sections)
	for _, v := range p.Views {
		add(v.Sections)
	}
	return all
}

func (p Page) looks() map[string]look {
	all := make(map[string]look)
	for _, c := range p.charts() {
		for _, scenario := range c.scenarios() {
			l := chart.LookOf(scenario)
			all[scenario] = look{l.Light, l.Dark, l.Dashes, l.Symbol}
		}
	}
	return all
}

// sortKey is what a cell is sorted by; empty where by its text.
func sortKey(c report.Cell) any {
	if c.Figure.Known {
		return c.Figure.Value
	}
	return ""
}
