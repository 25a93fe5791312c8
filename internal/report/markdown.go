package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"crosstalk/internal/result"
)

// Link is a picture to be linked to.
type Link struct{ Title, Path string }

// Markdown writes what a job's summary or a pull request's comment has room for:
// the verdict and its warnings, the comparison, and the pictures as links. The
// other tables are folded away.
func Markdown(w io.Writer, s Session, pictures []Link) error {
	m := &markdown{w: w}
	m.printf("## Crosstalk: what D's callers feel\n")
	for _, source := range sources(s) {
		m.printf("\n%s", source)
	}
	for _, sw := range s.Sweeps {
		var g Grids
		m.keep(sw.Table(&g))
		m.runs(verdictsOf(sw.Runs()), g.Lines)
		m.words(Words(sw.Rows[0].Run, sw.Vary...))
		m.grids(g.All)
	}
	for _, x := range s.Matrices {
		var g Grids
		m.keep(x.Table(&g))
		m.runs(nil, x.Gaps())
		m.grids(g.All)
	}
	for _, x := range s.Scales {
		var g Grids
		m.keep(x.Table(&g))
		m.runs(nil, g.Lines)
		m.grids(g.All)
	}
	for _, group := range s.Groups {
		if len(s.Sweeps) > 0 && group.Name != besideSweeps {
			continue // its figures stand in the sweep's table
		}
		m.group(group)
	}
	m.pictures(pictures)
	return m.err
}

func sources(s Session) []string {
	var lines []string
	for n, source := range s.Sources {
		lines = append(lines, fmt.Sprintf("- \\#%d is from %s", n+1, escape(source)))
	}
	return lines
}

type markdown struct {
	w   io.Writer
	err error
}

func (m *markdown) keep(err error) { m.err = cmp.Or(m.err, err) }

func (m *markdown) printf(format string, args ...any) {
	_, err := fmt.Fprintf(m.w, format, args...)
	m.keep(err)
}

func (m *markdown) group(g Group) {
	runs := g.Figures()
	if g.Name != "" {
		m.printf("\n### %s\n", escape(g.Name))
	}
	m.runs(verdictsOf(runs), Differences(runs))
	m.words(Words(runs[0]))
	m.grids(Comparison(runs))
	details := Details(runs)
	if len(details) == 0 {
		return
	}
	m.printf("\n<details><summary>Windows, theory, policies and faults</summary>\n")
	m.grids(details)
	m.printf("\n</details>\n")
}

func (m *markdown) words(sentences []string) {
	for _, sentence := range sentences {
		m.printf("\n%s", escape(sentence))
	}
	m.printf("\n")
}

// runs prints the verdicts, and what else is to be said first.
func (m *markdown) runs(verdicts, lines []string) {
	m.printf("\n")
	for _, line := range verdicts {
		m.printf("%s\n", line)
	}
	for _, line := range lines {
		m.printf("- %s\n", escape(line))
	}
}

// verdictsOf says what the runs' figures are worth: one line where all are fine.
func verdictsOf(runs []result.Run) []string {
	var lines []string
	for _, r := range runs {
		if r.Verdict == result.OK && len(r.Warnings) == 0 {
			continue
		}
		line := fmt.Sprintf("- ⚠️ **%s: %s**", escape(r.Scenario), strings.ToUpper(string(r.Verdict)))
		if len(r.Warnings) > 0 {
			line += ": " + escape(strings.Join(r.Warnings, "; "))
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return []string{"✅ All runs are OK: the instrument was not the limit, and no answer was wrong."}
	}
	return lines
}

func (m *markdown) grids(all []Grid) {
	for _, g := range all {
		m.printf("\n**%s**\n\n", escape(g.Title))
		m.line(g.Head)
		rule := make([]string, len(g.Head))
		for i := range rule {
			rule[i] = "---"
			if i > 0 && numeric(g, i) {
				rule[i] = "---:"
			}
		}
		m.printf("|%s|\n", strings.Join(rule, "|"))
		for _, row := range g.Rows {
			m.line(row)
		}
	}
}

// numeric tells whether a column holds figures.
func numeric(g Grid, column int) bool {
	some := false
	for _, row := range g.Rows {
		if _, ok := SortKey(row[column]); ok {
			some = true
		} else if row[column] != none && row[column] != "" {
			return false
		}
	}
	return some
}

func (m *markdown) line(cells []string) {
	escaped := make([]string, len(cells))
	for i, c := range cells {
		escaped[i] = escape(c)
	}
	m.printf("| %s |\n", strings.Join(escaped, " | "))
}

func (m *markdown) pictures(links []Link) {
	for _, l := range links {
		m.printf("\n![%s](%s)\n", escape(l.Title), strings.NewReplacer(" ", "%20", "(", "%28", ")", "%29").Replace(l.Path))
	}
}

// escape keeps text from being read as Markdown or as HTML.
func escape(text string) string {
	return strings.NewReplacer(
		"\\", "\\\\", "|", "\\|", "<", "&lt;", "&", "&amp;", "*", "\\*", "_", "\\_", "`", "\\`", "](", "]\\(", "#", "\\#", "@", "@\u2060", "\n", " ",
	).Replace(text)
}
