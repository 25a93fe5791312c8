package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"crosstalk/internal/counts"
	"crosstalk/internal/sys"
)

// The files of a run's folder.
const (
	RunFile     = "run.json"
	LogFile     = "latency.hlog"
	SamplesFile = "samples.csv"
)

// Folder is the folder of a run that is being carried out.
type Folder struct {
	dir string
	// top is the topmost folder that Create made.
	top string
	// complete says that the files in it are: an exit at once leaves them.
	complete func()
}

// Create makes the folder of a run, and the folders above it. It is an error if
// the folder exists. After an error nothing of it is left. Where the program exits at
// once, a folder without its run.json is removed with what a Recorder wrote; what others
// have put there is left.
func Create(dir string) (*Folder, error) {
	f := &Folder{dir: filepath.Clean(dir)}
	f.top = topmostMissing(f.dir)
	err := os.MkdirAll(filepath.Dir(f.dir), 0o755)
	if err == nil {
		err = os.Mkdir(f.dir, 0o755)
	}
	switch {
	case err == nil:
		f.complete = sys.AtExit(f.abandon)
		return f, nil
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("make the run's folder: %s exists already", f.dir)
	}
	f.removeParents()
	return nil, fmt.Errorf("make the run's folder: %w", err)
}

// topmostMissing is the first folder on the way to dir that does not exist.
func topmostMissing(dir string) string {
	for {
		parent := filepath.Dir(dir)
		if _, err := os.Lstat(parent); parent == dir || !errors.Is(err, fs.ErrNotExist) {
			return dir
		}
		dir = parent
	}
}

// Dir returns the folder's path.
func (f *Folder) Dir() string { return f.dir }

// Record returns a Recorder that writes latency.hlog, and samples.csv if asked,
// and closes them with itself.
func (f *Folder) Record(samples bool) (*Recorder, error) {
	log, err := os.Create(filepath.Join(f.dir, LogFile))
	if err != nil {
		return nil, err
	}
	if !samples {
		r := NewRecorder(Options{Log: log})
		r.files.log = log
		return r, nil
	}
	csv, err := os.Create(filepath.Join(f.dir, SamplesFile))
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	r := NewRecorder(Options{Log: log, Samples: csv})
	r.files = files{log, csv}
	return r, nil
}

// Write writes run.json into the folder. It leaves in run what it has written:
// empty lists and maps instead of nil.
func (f *Folder) Write(run *Run) error {
	run.normalise()
	err := Write(f.dir, *run)
	if err == nil {
		f.complete()
	}
	return err
}

// Remove removes the folder, and those above it that Create made and that are
// empty: a run that could not be carried out leaves nothing. It is called after
// the Recorder's Close.
func (f *Folder) Remove() error {
	defer f.complete()
	if err := os.RemoveAll(f.dir); err != nil {
		return fmt.Errorf("remove the run's folder: %w", err)
	}
	f.removeParents()
	return nil
}

// abandon removes what is not complete, and the folders that are empty then.
func (f *Folder) abandon() {
	if _, err := os.Stat(filepath.Join(f.dir, RunFile)); err == nil {
		return
	}
	for _, name := range []string{LogFile, SamplesFile} {
		_ = os.Remove(filepath.Join(f.dir, name)) // it may not be there
	}
	if os.Remove(f.dir) == nil {
		f.removeParents()
	}
}

// removeParents goes up from the folder to top, and stops at one that is not
// empty: others may have put theirs there by now.
func (f *Folder) removeParents() {
	for dir := f.dir; dir != f.top; {
		dir = filepath.Dir(dir)
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
}

// Write writes run.json into a folder, as a whole or not at all. It sets Schema,
// and writes lists and maps that are nil as empty ones.
func Write(dir string, run Run) error {
	run.normalise()
	data, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", RunFile, err)
	}
	return sys.WriteFile(filepath.Join(dir, RunFile), append(data, '\n'))
}

func (r *Run) normalise() {
	r.Schema = SchemaVersion
	for _, m := range []*map[string]int64{&r.Failures, &r.StorageBytes, &r.CopyBytes} {
		if *m == nil {
			*m = map[string]int64{}
		}
	}
	if r.Environment.Stores == nil {
		r.Environment.Stores = map[string]string{}
	}
	if r.Warnings == nil {
		r.Warnings = []string{}
	}
	if r.Faults == nil {
		r.Faults = []counts.Fault{}
	}
	if r.Impacts == nil {
		r.Impacts = []Impact{}
	}
	if r.Stages == nil {
		r.Stages = []Stage{}
	}
	if r.Policies == nil {
		r.Policies = []counts.Policy{}
	}
	if r.Capacities == nil {
		r.Capacities = []counts.Capacity{}
	}
	if r.Series == nil {
		r.Series = []Second{}
	}
}
