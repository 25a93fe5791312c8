package result

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// stored is a run's folder with what is in its two files.
func stored(t testing.TB) (dir string, run, log []byte) {
	t.Helper()
	f, r := recorded(t)
	if err := f.Write(&r); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(f.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return f.Dir(), read(RunFile), read(LogFile)
}

// readAll reads a folder as report, compare and merge do.
func readAll(dir string) error {
	loaded, err := Load(dir)
	if err == nil {
		err = EachInterval(dir, &loaded.Run, func(int, string, *hdrhistogram.Histogram) {})
	}
	if err == nil {
		_, err = LoadSamples(dir)
	}
	return err
}

// What somebody has edited is refused in one line that says what does not go together,
// and no memory is taken for what it claims.
func TestHandEditedFolders(t *testing.T) {
	type object = map[string]any
	series := func(run object) []any { return run["series"].([]any) }
	last := func(run object) object { return series(run)[len(series(run))-1].(object) }
	for want, edit := range map[string]func(run object){
		"run.json: series: second 2000000000 follows second ": func(run object) { last(run)["second"] = 2000000000 },
		"run.json: series: second 0 follows second 0": func(run object) {
			run["series"] = append(append([]any{}, series(run)[0]), series(run)...)
			for _, s := range series(run)[:2] {
				s.(object)["second"] = 0
			}
		},
		"run.json: series: it begins with second 7, after 0": func(run object) {
			run["series"] = series(run)[:1]
			last(run)["second"] = 7
		},
		"due, requests say ":                      func(run object) { last(run)["due"] = 1_000_000 },
		"measured_seconds: 1e+12 is not in 0 to":  func(run object) { run["measured_seconds"] = 1e12 },
		"started: 9999-01-01T00:00:00Z is not in": func(run object) { run["started"] = "9999-01-01T00:00:00Z" },
		"it is of second ":                        func(run object) { run["started"] = "2001-01-01T00:00:00Z" },
		"latency.hlog holds ":                     func(run object) { run["latency_seconds"].(object)["count"] = 1_000_000 },
	} {
		dir, text, _ := stored(t)
		var run object
		if err := json.Unmarshal(text, &run); err != nil {
			t.Fatal(err)
		}
		edit(run)
		edited, err := json.Marshal(run)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, RunFile), edited)
		if err := readAll(dir); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one line with %q", err, want)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestHandEditedLogs(t *testing.T) {
	for want, edit := range map[string]func(log []byte) []byte{
		"a line is longer than any that a run writes": func(log []byte) []byte {
			return append(log, bytes.Repeat([]byte("#"), 2*largestLine)...)
		},
		"it is of second ": func(log []byte) []byte {
			line := log[bytes.LastIndex(log[:len(log)-1], []byte("\n"))+1:]
			fields := bytes.Split(line, []byte(","))
			fields[1] = []byte("2000000000.000")
			return append(log[:len(log)-len(line)], bytes.Join(fields, []byte(","))...)
		},
	} {
		dir, _, log := stored(t)
		write(t, filepath.Join(dir, LogFile), edit(log))
		if err := readAll(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A pipe in the place of a file is not waited for.
func TestFilesThatAreNone(t *testing.T) {
	for _, name := range []string{RunFile, LogFile, SamplesFile} {
		dir, _, _ := stored(t)
		path := filepath.Join(dir, name)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := readAll(dir); err == nil || !strings.HasSuffix(err.Error(), name+" is not a file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzFolder looks for folders that the reader does not survive, takes much memory for, or
// complains of in several lines.
func FuzzFolder(f *testing.F) {
	_, run, log := stored(f)
	log = firstLines(log, 8) // four intervals: each costs the reader a whole histogram
	f.Add(run, log)
	f.Add(bytes.Replace(run, []byte(`"second": 0`), []byte(`"second": 2000000000`), 1), log)
	f.Add(run, bytes.Replace(log, []byte("Tag=latency"), []byte("Tag=lag"), 1))
	f.Add([]byte("{}"), []byte("Tag=latency,1e300,1,1,HISTFAAAAAB4nJNpmSzMwMDAxAABzFCaEUzOZGBg"))
	f.Fuzz(func(t *testing.T, text, log []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := readBoth(text, log)
		runtime.ReadMemStats(&after)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("it says %q", err)
		}
		if took := after.TotalAlloc - before.TotalAlloc; took > 1<<30 {
			t.Errorf("it took %d MB for %d kB", took>>20, (len(text)+len(log))>>10)
		}
	})
}

func firstLines(text []byte, n int) []byte {
	return bytes.Join(bytes.SplitAfterN(text, []byte("\n"), n+1)[:n], nil)
}

// readBoth reads what Load and EachInterval do, but for the sums of the intervals, which
// FuzzReadIntervals reads.
func readBoth(text, log []byte) error {
	run, err := readRun(text)
	if err != nil {
		run = &Run{Started: began}
	}
	seconds := make(map[int]bool)
	if each := eachInterval(bytes.NewReader(log), run, func(second int, _ string, _ *hdrhistogram.Histogram) {
		seconds[second] = true
	}); each != nil {
		return each
	}
	return err
}
