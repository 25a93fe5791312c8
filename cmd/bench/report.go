package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"crosstalk/internal/page"
	"crosstalk/internal/report"
	"crosstalk/internal/sys"
	"crosstalk/scenarios"
)

// pageFile is the name of the report as a page.
const pageFile = "report.html"

type reportCommand struct {
	formats []string
	out     string
	gate    *gate
}

func newReport() *cobra.Command {
	c := &reportCommand{}
	cmd := &cobra.Command{
		Use:   "report RUN...",
		Short: "Draw runs again from their folders: a page, pictures, Markdown, CSV",
		Long: `Report reads the folders of runs and draws what is in them; it runs nothing. A RUN
is the folder of one run, or one that holds several: what run, sweep, matrix or
verdict wrote. Several are put side by side; the same scenario from several folders
is told apart by a number, as in "sync #2".

Formats, several by commas:
  html      report.html: one file, with charts that answer to the pointer
  png, svg  latency, timeline and staleness; propagation of a sweep, matrix of a matrix,
            scale of a scale, which has no page
  markdown  report.md: for the summary of a CI job, or a comment
  csv       report.csv: a row a run, durations in seconds
  hdr       SCENARIO.hdr: percentiles as wrk2 and HdrHistogram print them, in milliseconds

Without --out, markdown, csv and hdr are printed, and the others written into the
RUN's own folder, or here if several are named. With --out=DIR all are written
there; with --out=- one of html, markdown, csv and hdr is printed.

The same folders give the same bytes. Exit codes: 0 done, 1 a run cannot be read
or a file not written, 2 bad usage, 99 a threshold was crossed or could
not be decided.`,
		Example: `  bench report results/*/
  bench report results/20261125-090000.000 --format=markdown
  bench report results/OLD results/NEW --format=html,png --out=compared
  bench report results/20261125-090000.000/sync --format=hdr > sync.hdr`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&c.formats, "format", []string{"html"}, strings.Join(formats(), ", ")+"; several by commas")
	flags.StringVar(&c.out, "out", "", "folder for the files, or - to print one format")
	c.gate = addGate(flags)
	return cmd
}

// format is one way to write a report.
type format struct {
	name string
	// text formats are printed where no folder is named.
	text bool
	// print writes it as one text; nil where it is several files, or none of text.
	print func(w io.Writer, s report.Session, at string) error
	// files writes it into a folder, and returns the names of what it wrote.
	files func(s report.Session, dir string) ([]string, error)
}

var allFormats = []format{
	{name: "html", print: printPage, files: oneFile(pageFile, printPage)},
	{name: "png", files: func(s report.Session, dir string) ([]string, error) { return savePictures(s, dir, ".png") }},
	{name: "svg", files: func(s report.Session, dir string) ([]string, error) { return savePictures(s, dir, ".svg") }},
	{name: "markdown", text: true, print: printMarkdown, files: filesOfMarkdown},
	{name: "csv", text: true, print: printCSV, files: oneFile("report.csv", printCSV)},
	{name: "hdr", text: true, print: printHDR, files: filesOfHDR},
}

func formats() []string {
	var names []string
	for _, f := range allFormats {
		names = append(names, f.name)
	}
	return names
}

func (c *reportCommand) run(cmd *cobra.Command, paths []string) error {
	asked, err := c.asked(cmd.Flags().Changed("out"))
	if err != nil {
		return usageError(err)
	}
	s, err := report.Open(paths)
	if err != nil {
		return err
	}
	if err := c.gate.found(s); err != nil {
		return err
	}
	at := "."
	if len(paths) == 1 {
		at = filepath.Clean(paths[0])
	}
	for _, f := range asked {
		if err := c.write(cmd.OutOrStdout(), f, s, at); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	to := cmd.OutOrStdout()
	if c.out == "-" || c.out == "" && slices.ContainsFunc(asked, func(f format) bool { return f.text }) {
		to = cmd.ErrOrStderr() // what is printed is read by others
	}
	return c.gate.end(to, nil)
}

// asked checks what is asked for, before anything is read.
func (c *reportCommand) asked(out bool) ([]format, error) {
	if out && c.out == "" {
		return nil, errors.New("--out: it has no value: name a folder, or - to print")
	}
	var asked []format
	for _, name := range c.formats {
		i := slices.IndexFunc(allFormats, func(f format) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("--format: unknown format %q: %s", name, strings.Join(formats(), ", "))
		}
		asked = append(asked, allFormats[i])
	}
	switch {
	case len(asked) == 0:
		return nil, fmt.Errorf("--format: it has no value: %s", strings.Join(formats(), ", "))
	case c.out == "-" && len(asked) > 1:
		return nil, errors.New("--out=-: only one format can be printed")
	case c.out == "-" && asked[0].print == nil:
		return nil, fmt.Errorf("--out=-: %s is several files: name a folder", asked[0].name)
	}
	return asked, nil
}

func (c *reportCommand) write(stdout io.Writer, f format, s report.Session, at string) error {
	if c.out == "-" || c.out == "" && f.text {
		return f.print(stdout, s, at)
	}
	if c.out != "" {
		at = c.out
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
	}
	names, err := f.files(s, at)
	for _, name := range names {
		if _, err := fmt.Fprintln(stdout, filepath.Join(at, name)); err != nil {
			return err
		}
	}
	return err
}

// oneFile is for formats that are one text: it is written as a whole or not at all.
func oneFile(name string, text func(io.Writer, report.Session, string) error) func(report.Session, string) ([]string, error) {
	return func(s report.Session, dir string) ([]string, error) {
		var out bytes.Buffer
		if err := text(&out, s, dir); err != nil {
			return nil, err
		}
		if err := sys.WriteFile(filepath.Join(dir, name), out.Bytes()); err != nil {
			return nil, err
		}
		return []string{name}, nil
	}
}

// writePage writes the page of a command's own folder, beside its runs.
func writePage(dir string) error {
	s, err := report.Open([]string{dir})
	if err == nil {
		_, err = oneFile(pageFile, printPage)(s, dir)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", pageFile, err)
	}
	return nil
}

func printPage(w io.Writer, s report.Session, _ string) error {
	p, err := page.Of(s, func(scenario string) string {
		known, _ := scenarios.ByName(scenario) // of another one there is nothing to say
		return known.Summary
	})
	if err != nil {
		return err
	}
	return p.Write(w)
}

func printCSV(w io.Writer, s report.Session, _ string) error { return report.CSV(w, s.Runs()) }

// printMarkdown links to the pictures that stand in the folder of the report.
func printMarkdown(w io.Writer, s report.Session, at string) error {
	pictures, err := picturesOf(s)
	if err != nil {
		return err
	}
	var links []report.Link
	for _, p := range pictures {
		path := filepath.Join(at, p.name+".png")
		if _, err := os.Stat(path); err == nil {
			links = append(links, report.Link{Title: p.title, Path: filepath.ToSlash(path)})
		}
	}
	return report.Markdown(w, s, links)
}

// filesOfMarkdown writes the text, and the pictures that it shows.
func filesOfMarkdown(s report.Session, dir string) ([]string, error) {
	names, err := savePictures(s, dir, ".png")
	if err != nil {
		return nil, err
	}
	pictures, err := picturesOf(s)
	if err != nil {
		return nil, err
	}
	var links []report.Link
	for _, p := range pictures {
		links = append(links, report.Link{Title: p.title, Path: p.name + ".png"})
	}
	written, err := oneFile("report.md", func(w io.Writer, s report.Session, _ string) error {
		return report.Markdown(w, s, links)
	})(s, dir)
	return append(names, written...), err
}

// printHDR prints the runs one after the other, each under its name if there are
// several.
func printHDR(w io.Writer, s report.Session, _ string) error {
	for _, g := range s.Groups {
		runs, err := g.Load()
		if err != nil {
			return err
		}
		for n, r := range runs {
			if len(s.Runs()) > 1 {
				if _, err := fmt.Fprintf(w, "#[%s: %s]\n", r.Scenario, filepath.ToSlash(g.Runs[n].Dir)); err != nil {
					return err
				}
			}
			if err := report.HDR(w, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func filesOfHDR(s report.Session, dir string) (names []string, err error) {
	for _, g := range s.Groups {
		runs, err := g.Load()
		if err != nil {
			return names, err
		}
		for _, r := range runs {
			name := fileName(strings.Trim(g.Name+","+r.Scenario, ",")) + ".hdr"
			var out bytes.Buffer
			if err := report.HDR(&out, r); err != nil {
				return names, err
			}
			if err := sys.WriteFile(filepath.Join(dir, name), out.Bytes()); err != nil {
				return names, err
			}
			names = append(names, name)
		}
	}
	return names, nil
}

func fileName(label string) string {
	return strings.NewReplacer(" #", "-", "/", "-", " ", "-").Replace(label)
}
