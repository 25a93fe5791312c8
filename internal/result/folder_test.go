package result

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"crosstalk/internal/counts"
	"crosstalk/internal/experiment"
)

// recorded is a run with every field set, and its folder.
func recorded(t testing.TB) (*Folder, Run) {
	t.Helper()
	f, err := Create(filepath.Join(t.TempDir(), "results", "sync"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Record(true)
	if err != nil {
		t.Fatal(err)
	}
	r.Begin(began)
	varied(r)
	run := filled(t, r)
	run.Schema, run.Scenario, run.Verdict, run.Warnings = SchemaVersion, "sync", OK, []string{"w"}
	run.Started = began
	run.Experiment = experiment.Default()
	run.Environment = LocalEnvironment()
	run.Environment.Bus, run.Environment.Stores = "none", map[string]string{"A": "memory"}
	run.Requests.RateAsked = 100
	run.Writes = Writes{Due: 3, Acknowledged: 2, Failed: 1}
	run.Faults = []counts.Fault{{Target: "A", Kind: "abort", Code: "UNAVAILABLE", Asked: 0.1, Delivered: 0.09, Low: 0.05, High: 0.2, Interactions: 100, Injected: 9}}
	run.StorageBytes, run.CopyBytes = map[string]int64{"A": 4096}, map[string]int64{}
	run.CPUSecondsPer1000 = 0.25
	return f, run
}

func TestWriteAndLoad(t *testing.T) {
	f, run := recorded(t)
	if err := f.Write(&run); err != nil {
		t.Fatal(err)
	}
	got, err := Load(f.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Run, run) {
		t.Errorf("got  %+v\nwant %+v", got.Run, run)
	}
	for name, c := range map[string]struct{ got, want int64 }{
		"latency":   {got.Latency.TotalCount(), run.Latency.Count},
		"service":   {got.ServiceTime.TotalCount(), run.ServiceTime.Count},
		"failed":    {got.FailedLatency.TotalCount(), run.FailedLatency.Count},
		"lateness":  {got.Lateness.TotalCount(), run.Lateness.Count},
		"staleness": {got.Staleness.TotalCount(), run.Staleness.Count},
		"lag":       {got.ReplicationLag.TotalCount(), run.ReplicationLag.Count},
	} {
		if c.got == 0 || c.got != c.want {
			t.Errorf("%s: %d values, want %d", name, c.got, c.want)
		}
	}
	want := []string{LogFile, RunFile, SamplesFile}
	if names := list(t, f.Dir()); !reflect.DeepEqual(names, want) {
		t.Errorf("the folder holds %v, want %v", names, want)
	}
	data, err := os.ReadFile(filepath.Join(f.Dir(), RunFile))
	if err != nil || !bytes.HasPrefix(data, []byte("{\n  \"schema\": 1,\n")) || !bytes.HasSuffix(data, []byte("]\n}\n")) {
		t.Errorf("%s is not indented: %.40q … %v", RunFile, data, err)
	}
}

func TestLoadOfNothing(t *testing.T) {
	f, err := Create(filepath.Join(t.TempDir(), "sync"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	run := filled(t, r)
	run.Scenario, run.Verdict, run.Environment = "sync", Interrupted, LocalEnvironment()
	if err := f.Write(&run); err != nil {
		t.Fatal(err)
	}
	got, err := Load(f.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if got.Run.Requests.Due != 0 || got.Latency.TotalCount() != 0 || got.ReplicationLag.TotalCount() != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	swap := func(file, from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, file)
			data, err := os.ReadFile(path)
			if err != nil || !bytes.Contains(data, []byte(from)) {
				t.Fatalf("%s has no %q: %v", file, from, err)
			}
			if err := os.WriteFile(path, bytes.Replace(data, []byte(from), []byte(to), 1), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(file string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		damage func(*testing.T, string)
		want   string
	}{
		{"another version", swap(RunFile, `"schema": 1`, `"schema": 7`), "schema version 7, and this program reads version 1"},
		{"no version", swap(RunFile, `"schema": 1,`, ``), "missing property 'schema'"},
		{"a missing field", swap(RunFile, `"events": 0,`, ``), "missing property 'events'"},
		{"a field too many", swap(RunFile, `"events": 0,`, `"events": 0, "event": 1,`), "additional properties 'event' not allowed"},
		{"a wrong type", swap(RunFile, `"events": 0,`, `"events": "0",`), "at /events: got string, want integer"},
		{"not JSON", swap(RunFile, `{`, `[`), "not JSON"},
		{"no run.json", remove(RunFile), "is not a run's folder: it has no run.json"},
		{"no log", remove(LogFile), "latency.hlog: no such file"},
		{"a lost interval", swap(LogFile, "Tag=latency", "Tag=other"), "values of latency, run.json says"},
		{"a damaged interval", swap(LogFile, ",HISTFAAA", ",HISTFAAB"), "latency.hlog: interval 1:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, run := recorded(t)
			if err := f.Write(&run); err != nil {
				t.Fatal(err)
			}
			c.damage(t, f.Dir())
			_, err := Load(f.Dir())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q in one line", err, c.want)
			}
		})
	}
}

func TestWriteIsAtomic(t *testing.T) {
	f, run := recorded(t)
	if err := f.Write(&run); err != nil {
		t.Fatal(err)
	}
	broken := run
	broken.MeasuredSeconds = math.NaN()
	if err := f.Write(&broken); err == nil {
		t.Error("a run that is no JSON was written")
	}
	if _, err := Load(f.Dir()); err != nil {
		t.Errorf("the run that was there before: %v", err)
	}
	// A folder in the file's place cannot be replaced.
	blocked := t.TempDir()
	if err := os.Mkdir(filepath.Join(blocked, RunFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(blocked, run); err == nil {
		t.Error("a folder was replaced")
	}
	if names := list(t, blocked); !reflect.DeepEqual(names, []string{RunFile}) {
		t.Errorf("%v are left", names)
	}
}

func TestCreateFails(t *testing.T) {
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ dir, want string }{
		{filepath.Join(file, "run"), "make the run's folder: mkdir " + file + ": not a directory"},
		{file, "make the run's folder: " + file + " exists already"},
		{parent, "make the run's folder: " + parent + " exists already"},
		{filepath.Join(parent, "new", strings.Repeat("n", 300)), "file name too long"},
	} {
		if _, err := Create(c.dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Create(%s): %v, want %q", c.dir, err, c.want)
		}
	}
	if names := list(t, parent); !reflect.DeepEqual(names, []string{"file"}) {
		t.Errorf("%v are left", names)
	}
}

func TestRemove(t *testing.T) {
	parent := t.TempDir()
	first, err := Create(filepath.Join(parent, "results", "today", "sync"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := Create(filepath.Join(parent, "results", "today", "monolith"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := first.Record(true)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Remove(); err != nil {
		t.Fatal(err)
	}
	if names := list(t, filepath.Join(parent, "results", "today")); !reflect.DeepEqual(names, []string{"monolith"}) {
		t.Errorf("beside the removed one there is %v", names)
	}
	// The second made none of the folders above it, so it leaves them.
	if err := second.Remove(); err != nil {
		t.Fatal(err)
	}
	if names := list(t, filepath.Join(parent, "results", "today")); len(names) != 0 {
		t.Errorf("%v are left", names)
	}

	alone, err := Create(filepath.Join(parent, "a", "b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	if err := alone.Remove(); err != nil {
		t.Fatal(err)
	}
	if names := list(t, parent); !reflect.DeepEqual(names, []string{"results"}) {
		t.Errorf("%v are left", names)
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
