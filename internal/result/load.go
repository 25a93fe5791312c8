package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Loaded is a run's folder, read back. Its histograms hold nanoseconds, of the
// measured part; one is empty where nothing was measured, never nil. Where a
// histogram has the name of a summary, Loaded.Run has the summary.
type Loaded struct {
	Run
	Latency        *hdrhistogram.Histogram
	ServiceTime    *hdrhistogram.Histogram
	FailedLatency  *hdrhistogram.Histogram
	Lateness       *hdrhistogram.Histogram
	Staleness      *hdrhistogram.Histogram
	ReplicationLag *hdrhistogram.Histogram
	HandlingDelay  *hdrhistogram.Histogram
}

// Histogram returns the run's histogram of a kind, in nanoseconds.
func (l *Loaded) Histogram(k Kind) *hdrhistogram.Histogram {
	return [kinds]*hdrhistogram.Histogram{
		l.Latency, l.ServiceTime, l.FailedLatency, l.Lateness, l.Staleness, l.ReplicationLag, l.HandlingDelay,
	}[k]
}

// Percentile returns any percentile of a kind, as a share in (0, 1), with its interval.
func (l *Loaded) Percentile(k Kind, share float64) Percentile {
	return PercentileOf(l.Histogram(k), *l.Quantiles(k), share)
}

// Load reads a run's folder. It refuses one of another schema version, one whose
// run.json Validate refuses, one whose figures do not go together, and one whose two
// files do not: a number that is missing is not to be read as 0. What it takes of memory
// is bounded by the size of the files, whatever they claim.
func Load(dir string) (*Loaded, error) {
	run, err := loadRun(dir)
	if err != nil {
		return nil, err
	}
	h, err := loadIntervals(dir)
	if err != nil {
		return nil, err
	}
	for k := range kinds {
		if got, want := h[k].TotalCount(), run.Quantiles(k).Count; got != want {
			return nil, fmt.Errorf("%s: %s holds %d values of %s, %s says %d", dir, LogFile, got, k, RunFile, want)
		}
	}
	if run.Intervals == nil { // of an older file
		for k := range kinds {
			run.fillPercentiles(k, h[k])
		}
	}
	return &Loaded{
		Run: *run, Latency: h[Latency], ServiceTime: h[ServiceTime], FailedLatency: h[FailedLatency],
		Lateness: h[Lateness], Staleness: h[Staleness], ReplicationLag: h[ReplicationLag], HandlingDelay: h[HandlingDelay],
	}, nil
}

func loadRun(dir string) (*Run, error) {
	path := filepath.Join(dir, RunFile)
	data, err := readFile(path, largestRun)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a run's folder: it has no %s", dir, RunFile)
	}
	if err != nil {
		return nil, err
	}
	run, err := readRun(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return run, nil
}

func readRun(data []byte) (*Run, error) {
	if err := Validate(data); err != nil {
		return nil, err
	}
	run := &Run{}
	if err := json.Unmarshal(data, run); err != nil {
		return nil, err
	}
	run.Restore()
	return run, run.check()
}

func loadIntervals(dir string) (out [kinds]*hdrhistogram.Histogram, err error) {
	path := filepath.Join(dir, LogFile)
	f, err := openFile(path, unbounded)
	if err != nil {
		return out, err
	}
	defer f.Close()
	if out, err = readIntervals(f); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return out, err
}
