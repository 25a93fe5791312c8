package report

import (
	"bytes"
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
	var m markdown
	m.printf("## Crosstalk: what D's callers feel\n")
	for _, source := range sources(s) {
		m.printf("\n%s", source)
	}
	for _, sw := range s.Sweeps {
		t := sw.Table()
		m.runs(verdictsOf(sw.Runs()), t.Lines)
		m.words(Words(sw.Rows[0].Run, sw.Vary...))
		m.tables(t)
	}
	for _, x := range s.Matrices {
		m.runs(nil, x.Gaps())
		m.tables(x.Table())
	}
	for _, x := range s.Scales {
		t := x.Table()
		m.runs(nil, t.Lines)
		m.tables(t)
	}
	for _, group := range s.Groups {
		if len(s.Sweeps) > 0 && group.Name != besideSweeps {
			continue // its figures stand in the sweep's table
		}
		m.group(group)
	}
	m.pictures(pictures)
	return m.writeTo(w)
}

func sources(s Session) []string {
	var lines []string
	for n, source := range s.Sources {
		lines = append(lines, fmt.Sprintf("- \\#%d is from %s", n+1, escape(source)))
	}
	return lines
}

type markdown struct{ out bytes.Buffer }

func (m *markdown) printf(format string, args ...any) { fmt.Fprintf(&m.out, format, args...) }

func (m *markdown) writeTo(w io.Writer) error {
	_, err := m.out.WriteTo(w)
	return err
}

func (m *markdown) group(g Group) {
	runs := g.Figures()
	if g.Name != "" {
		m.printf("\n### %s\n", escape(g.Name))
	}
	m.runs(verdictsOf(runs), Differences(runs))
	m.words(Words(runs[0]))
	m.tables(Comparison(runs)...)
	details := Details(runs)
	if len(details) == 0 {
		return
	}
	m.printf("\n<details><summary>Windows, theory, policies and faults</summary>\n")
	m.tables(details...)
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

func (m *markdown) tables(all ...Table) {
	for _, t := range all {
		m.printf("\n**%s**\n\n", escape(t.Title))
		m.line(t, func(i int) string { return t.Head[i].Name })
		rule := make([]string, len(t.Head))
		for i := range rule {
			rule[i] = "---"
			if i > 0 && t.numeric(i) {
				rule[i] = "---:"
			}
		}
		m.printf("|%s|\n", strings.Join(rule, "|"))
		for _, row := range t.Rows {
			m.line(t, func(i int) string { return row[i].String() })
		}
	}
}

func (m *markdown) line(t Table, cell func(column int) string) {
	escaped := make([]string, len(t.Head))
	for i := range escaped {
		escaped[i] = escape(cell(i))
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
