//go:build long

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ran makes one brief run of two scenarios in results, and returns its folder.
func ran(t *testing.T) string {
	t.Helper()
	if code, _, stderr := bench(t, t.Context(), brief("--scenario=sync,monolith")...); code != exitOK && code != exitInvalid {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	folders, err := filepath.Glob("results/*")
	if err != nil || len(folders) != 1 {
		t.Fatalf("%v, %v", folders, err)
	}
	return folders[0]
}

func TestReport(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := ran(t)
	before := contents(t, dir)
	if before["report.html"] == nil {
		t.Error("run writes no page")
	}

	// Drawing again changes nothing, wherever it is drawn.
	code, stdout, stderr := bench(t, t.Context(), "report", dir, "--format=html,png")
	if code != exitOK || stderr != "" || !strings.Contains(stdout, filepath.Join(dir, "report.html")) {
		t.Fatalf("exit code %d, %q and %q", code, stdout, stderr)
	}
	for name, data := range contents(t, dir) {
		if !bytes.Equal(data, before[name]) {
			t.Errorf("%s differs when it is drawn again", name)
		}
	}
	if code, _, stderr := bench(t, t.Context(), "report", dir, "--format=html,png,svg,markdown,csv,hdr", "--out=drawn"); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	drawn := contents(t, "drawn")
	for _, name := range []string{
		"report.html", "latency.png", "timeline.png", "staleness.png", "latency.svg", "timeline.svg", "staleness.svg", "report.md", "report.csv", "sync.hdr", "monolith.hdr",
	} {
		if len(drawn[name]) == 0 {
			t.Errorf("no %s", name)
		}
		if old := before[name]; old != nil && !bytes.Equal(drawn[name], old) {
			t.Errorf("%s is not what run wrote", name)
		}
	}
	if !bytes.Contains(drawn["report.md"], []byte("](latency.png)")) {
		t.Error("report.md does not show its pictures")
	}
}

// contents are the files of a folder, by name.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = data
	}
	return all
}

func TestReportPrints(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := ran(t)
	for args, want := range map[string][]string{
		dir + " --format=markdown":             {"## Crosstalk", "| sync |", "](" + filepath.ToSlash(dir) + "/latency.png)"},
		dir + " --format=csv":                  {"folder,scenario,verdict", "/monolith,monolith,"},
		dir + " --format=hdr":                  {"Percentile   TotalCount 1/(1-Percentile)", "#[sync: ", "#[Mean    ="},
		dir + " --format=html --out=-":         {"<!DOCTYPE html>", "All settings"},
		dir + "/sync --format=markdown,csv":    {"| sync |", "/sync,sync,"},
		dir + "/sync " + dir + " --format=csv": nil,
	} {
		code, stdout, stderr := bench(t, t.Context(), append([]string{"report"}, strings.Fields(args)...)...)
		if want == nil {
			if code != exitFailed || !strings.Contains(stderr, "it is named twice") || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%s: exit code %d, %q", args, code, stderr)
			}
			continue
		}
		if code != exitOK || stderr != "" {
			t.Errorf("%s: exit code %d, %q", args, code, stderr)
		}
		for _, text := range want {
			if !strings.Contains(stdout, text) {
				t.Errorf("%s: no %q in\n%.600s", args, text, stdout)
			}
		}
	}
}

// Bad usage ends with 2, an unreadable run with 1; each says it in a line.
func TestReportRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "file", "")
	for _, dir := range []string{"empty", "torn", "run"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, "torn/run.json", `{"schema": 1`)
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"report", "requires at least 1 arg", exitUsage},
		{"report empty --format=pdf", `--format: unknown format "pdf": html, png, svg, markdown, csv, hdr`, exitUsage},
		{"report empty --format=", "--format: it has no value", exitUsage},
		{"report empty --out=", "--out: it has no value", exitUsage},
		{"report empty --out=- --format=png", "--out=-: png is several files", exitUsage},
		{"report empty --out=- --format=csv,hdr", "--out=-: only one format", exitUsage},
		{"report missing", "missing: there is no such folder", exitFailed},
		{"report file", "file: it is not a folder", exitFailed},
		{"report empty", "empty: there is no run in it", exitFailed},
		{"report torn", "torn", exitFailed},
	} {
		code, stdout, stderr := bench(t, t.Context(), strings.Fields(c.args)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q and %q; want %d and a line with %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
}

// A sweep and a matrix write what their pages and pictures are drawn again from.
func TestReportOfSweepAndMatrix(t *testing.T) {
	for name, args := range map[string][]string{
		"propagation": {"sweep", "--vary=fail-rate=0,0.5", "--repeat=2", "--scenario=sync", "--duration=300ms", "--warmup=0s", "--rate=50", "--latency=none"},
		"matrix":      {"matrix", "--scenario=sync,async-replicated", "--fault-length=100ms", "--rest=100ms", "--warmup=0s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if code, _, stderr := bench(t, t.Context(), args...); code != exitOK && code != exitInvalid {
				t.Fatalf("exit code %d, %s", code, stderr)
			}
			folders, err := filepath.Glob("results/*")
			if err != nil || len(folders) != 1 {
				t.Fatalf("%v, %v", folders, err)
			}
			before := contents(t, folders[0])
			if code, _, stderr := bench(t, t.Context(), "report", folders[0], "--format=html,png", "--out=drawn"); code != exitOK {
				t.Fatalf("exit code %d, %s", code, stderr)
			}
			drawn := contents(t, "drawn")
			for _, file := range []string{"report.html", name + ".png"} {
				if len(before[file]) == 0 || !bytes.Equal(before[file], drawn[file]) {
					t.Errorf("%s is not drawn again as it was", file)
				}
			}
		})
	}
}
