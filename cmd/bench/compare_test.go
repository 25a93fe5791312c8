//go:build long

package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crosstalk/internal/result"
	"crosstalk/internal/result/resulttest"
)

// sides writes what a bench run of sync and monolith would have, twice: in the new
// one, sync takes a quarter longer and fails now and then.
func sides(t *testing.T) (old, new string) {
	t.Helper()
	dir := t.TempDir()
	old, new = filepath.Join(dir, "old"), filepath.Join(dir, "new")
	for _, scenario := range []string{"sync", "monolith"} {
		for path, factor := range map[string]float64{old: 1, new: 1.25} {
			if scenario == "monolith" {
				factor = 1
			}
			rows := resulttest.Rows(100, 10, func(i int) time.Duration { return time.Duration(float64(10+i%100) * factor * 1e6) })
			for i := 0; factor > 1 && i < 20; i++ {
				resulttest.Fail(&rows[i*30])
			}
			started := resulttest.Start
			if path == new {
				started = started.Add(time.Hour)
			}
			resulttest.Write(t, path, resulttest.Run{Scenario: scenario, Seed: 1, Seconds: 10, Samples: true, Started: started, Rows: rows})
		}
	}
	return old, new
}

func TestCompare(t *testing.T) {
	t.Parallel()
	old, new := sides(t)
	code, stdout, stderr := bench(t, t.Context(), "compare", old, new)
	if code != exitOK || stderr != "" {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	for _, want := range []string{
		"sync, request by request: 1000 of the same requests", "monolith, request by request", "│ +25.04 %", "(p=0.003 n=1000+980)", "+2.00 pp", "│ ~ ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	if _, again, _ := bench(t, t.Context(), "compare", old, new); again != stdout {
		t.Errorf("the same folders give\n%s\nand then\n%s", stdout, again)
	}
	_, lines, _ := bench(t, t.Context(), "compare", old, new, "--format=benchfmt")
	if !strings.Contains(lines, "\nside: new\n") || strings.Count(lines, "\nBenchmarkCrosstalk/scenario=") != 4 {
		t.Errorf("benchmark lines\n%s", lines)
	}
}

// One scenario is compared with another one where that is asked for.
func TestCompareDifferent(t *testing.T) {
	t.Parallel()
	old, new := sides(t)
	args := []string{"compare", filepath.Join(old, "sync"), filepath.Join(new, "monolith")}
	code, stdout, stderr := bench(t, t.Context(), args...)
	if code != exitUsage || stdout != "" || stderr != "bench: the experiments differ: scenario is sync and monolith (--different compares them all the same)\n" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr := bench(t, t.Context(), append(args, "--different")...); code != exitOK || !strings.Contains(stdout, "sync → monolith") {
		t.Errorf("exit code %d, %q, %s", code, stdout, stderr)
	}
}

func TestCompareGates(t *testing.T) {
	t.Parallel()
	old, new := sides(t)
	junit := filepath.Join(t.TempDir(), "junit.xml")
	code, stdout, stderr := bench(t, t.Context(), "compare", old, new, "--threshold=regression.p(50)<5%", "--threshold=monolith:p(99)<1s", "--junit="+junit)
	if code != exitThreshold || stderr != "bench: threshold crossed: sync: regression.p(50)<5%: it is +25.04 % [+22.92 %, +27.45 %]\n" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if !strings.Contains(stdout, "\nTHRESHOLDS\n") || !strings.Contains(stdout, "CROSSED") {
		t.Errorf("the table is\n%s", stdout)
	}
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	text, err := os.ReadFile(junit)
	if err != nil || xml.Unmarshal(text, &suites) != nil || suites.Tests != 5 || suites.Failures != 1 {
		t.Errorf("%v, %+v\n%s", err, suites, text)
	}
	if code, _, stderr := bench(t, t.Context(), "compare", old, new, "--threshold=regression.p(95)<30%"); code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// Report gates what was measured before, and keeps what it prints apart.
func TestReportGates(t *testing.T) {
	t.Parallel()
	old, new := sides(t)
	code, stdout, stderr := bench(t, t.Context(), "report", old, new, "--format=csv", "--threshold=p(99)<120ms", "--threshold=monolith:errors<1%")
	if code != exitThreshold || lastLine(stderr) != "bench: threshold crossed: sync #2: p(99)<120ms: it is 136 ms [135 ms, 136 ms]" || strings.Contains(stdout, "THRESHOLDS") {
		t.Errorf("exit code %d, %q, %q", code, stderr, stdout)
	}
	code, stdout, stderr = bench(t, t.Context(), "report", old, "--format=csv", "--out="+t.TempDir(), "--threshold=p(99)<120ms")
	if code != exitOK || !strings.Contains(stdout, "THRESHOLDS") {
		t.Errorf("exit code %d, %q, %q", code, stderr, stdout)
	}
	if code, _, stderr := bench(t, t.Context(), "report", old, "--threshold=snyc:p(99)<1s"); code != exitUsage || !strings.Contains(stderr, "did you mean sync?") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	old, new := sides(t)
	out := filepath.Join(t.TempDir(), "merged", "sync")
	code, stdout, stderr := bench(t, t.Context(), "merge", filepath.Join(old, "sync"), filepath.Join(new, "sync"), "--out="+out)
	if code != exitOK || !strings.Contains(stdout, "merged from 2 runs") {
		t.Fatalf("exit code %d: %s\n%s", code, stderr, stdout)
	}
	run, err := result.Load(out)
	if err != nil || run.Requests.Sent != 2000 || run.Requests.Failed != 20 {
		t.Errorf("%v: %+v", err, run)
	}
	code, _, stderr = bench(t, t.Context(), "merge", filepath.Join(old, "sync"), filepath.Join(new, "sync"), "--out="+out)
	if code != exitFailed || !strings.Contains(stderr, "exists already") {
		t.Errorf("into a folder that is there: exit code %d, %s", code, stderr)
	}
}

// A real run and a real sweep end with 99 where a threshold is crossed, also where
// the machine is busy, and say which.
func TestThresholds(t *testing.T) {
	t.Parallel()
	out, junit := t.TempDir(), filepath.Join(t.TempDir(), "junit.xml")
	code, stdout, stderr := bench(t, t.Context(), brief("--scenario=sync,monolith", "--out="+out, "--threshold=p(99)<1ns", "--threshold=sync:errors<=100%", "--junit="+junit)...)
	for _, want := range []string{"threshold crossed: sync: p(99)<1ns: it is ", "threshold crossed: monolith: p(99)<1ns: it is "} {
		if code != exitThreshold || !strings.Contains(lastLine(stderr), want) {
			t.Errorf("exit code %d, %s, want %q", code, lastLine(stderr), want)
		}
	}
	if !strings.Contains(stdout, "\nTHRESHOLDS\n") {
		t.Errorf("stdout has no thresholds:\n%s", stdout)
	}
	// Three thresholds, and of each run its validity and its comparison.
	if text, err := os.ReadFile(junit); err != nil || strings.Count(string(text), "<testcase ") != 7 || strings.Count(string(text), "<failure ") != 2 {
		t.Errorf("%v\n%s", err, text)
	}
	code, _, stderr = bench(t, t.Context(), brief("--scenario=monolith", "--json", "--out="+out, "--threshold=throughput>0.1")...)
	if code != exitOK && code != exitInvalid || !strings.Contains(stderr, "THRESHOLDS") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	code, _, stderr = bench(t, t.Context(), "sweep", "--vary=fail-rate=0,0.5", "--scenario=sync", "--threshold=errors<20%", "--duration=300ms", "--warmup=0s",
		"--rate=100", "--latency=none", "--keys=10", "--out="+out)
	if last := lastLine(stderr); code != exitThreshold || !strings.Contains(last, "threshold crossed: sync at fail-rate=0.5: errors<20%: it is ") || strings.Contains(last, "fail-rate=0:") {
		t.Errorf("exit code %d, %s", code, last)
	}
}

// A run that could not be carried out, or was interrupted, ends as that.
func TestThresholdsDoNotHideWhatWentWrong(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := bench(t, t.Context(), brief("--scenario=async-request", "--kafka=127.0.0.1:1", "--threshold=p(99)<1ns")...)
	if code != exitFailed || strings.Contains(stderr, "threshold") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestBadThresholdsAndRuns(t *testing.T) {
	old, new := sides(t)
	dir := t.TempDir()
	t.Chdir(dir)
	for _, c := range []struct{ args, want string }{
		{"run --threshold=p(99)<50", `--threshold: "p(99)<50": "50" is no duration such as 50ms`},
		{"verdict --threshold=eror<1%", `--threshold: "eror<1%": unknown metric "eror": did you mean errors?`},
		{"matrix --junit=a.xml", "--junit: its test cases are thresholds, and there is no --threshold"},
		{"run --threshold=eror<1%", `--threshold: "eror<1%": unknown metric "eror": did you mean errors?`},
		{"run --threshold=snyc:errors<1%", `--threshold: "snyc:errors<1%": unknown scenario "snyc": did you mean sync?`},
		{"run --scenario=sync --threshold=monolith:errors<1%", `monolith is not among the runs: sync`},
		{"run --threshold=regression.p(99)<5%", "it is for bench compare"},
		{"run --junit=x.xml", "--junit: its test cases are thresholds"},
		{"run --threshold=errors<1% --junit=none/x.xml", "--junit: there is no folder none"},
		{"run --threshold=errors<1% --junit=" + dir, "--junit: " + dir + " is a folder"},
		{"sweep --vary=rate=1,2 --threshold=p(99)", "--threshold"},
		{"compare " + old, "accepts 2 arg"},
		{"compare " + old + " nowhere", "nowhere is not there"},
		{"compare " + old + " " + dir, "holds no run"},
		{"compare " + old + " " + new + " --format=benchfnt", `--format: unknown format "benchfnt": did you mean benchfmt?`},
		{"compare " + old + " " + new + " --threshold=async-request:p(99)<1s", "async-request is not among the runs"},
		{"compare " + old + "/sync " + new + "/monolith", "the experiments differ: scenario is sync and monolith"},
		{"merge " + old + "/sync", "requires at least 2 arg"},
		{"merge " + old + "/sync " + new + "/sync", "--out: name the folder"},
		{"merge " + old + " " + new + " --out=x", "holds 2 runs: name the folder of one"},
		{"merge " + old + "/sync " + new + "/monolith --out=x", "merge runs of one scenario"},
		{"merge " + old + "/sync nowhere --out=x", "nowhere is not there"},
	} {
		code, stdout, stderr := bench(t, t.Context(), strings.Fields(c.args)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q and %q; want 2 and one line with %q", c.args, code, stdout, stderr, c.want)
		}
	}
	for _, path := range []string{"results", "x", "x.xml"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"rnu": `unknown command "rnu": did you mean run?`, "comp": "unknown command", "xyzzy": `unknown command "xyzzy": `,
		"run --scenario=synk": `unknown scenario "synk": did you mean sync?`, "run --scenari=sync": "unknown flag: --scenari: did you mean --scenario?",
		"sweep --vary=fail-rat=1,2": "did you mean fail-rate?", "sweep --vary=rate=1,2 --by=latenc.p99": "did you mean latency.p99?",
		"run --zzz=1": "unknown flag: --zzz\n",
	} {
		code, _, stderr := bench(t, t.Context(), strings.Fields(args)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, stderr, want)
		}
	}
}

// The scripts are cobra's; what they ask the program is ours.
func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, stdout, stderr := bench(t, t.Context(), "completion", shell); code != exitOK || !strings.Contains(stdout, "bench") {
			t.Errorf("%s: exit code %d, %s", shell, code, stderr)
		}
	}
	for args, want := range map[string]string{
		"run --scenario=":          "sync\nasync-request\nasync-replicated\nmonolith\n",
		"run --scenario=sync,m":    "sync,monolith\n",
		"run --scena":              "--scenario",
		"sweep --vary fail":        "fail-rate=\tshare",
		"sweep --by latency.p99":   "latency.p99\n",
		"run --fanout s":           "sequential\n",
		"matrix --store=sqlite,be": "",
		"co":                       "compare\t",
		"predict ":                 "yaml\nyml\n",
	} {
		fields := strings.Split(args, " ")
		code, stdout, _ := bench(t, t.Context(), append([]string{"__complete"}, fields...)...)
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("%s is completed to %q, want %q", args, stdout, want)
		}
	}
}
