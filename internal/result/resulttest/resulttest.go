// Package resulttest writes the folders of runs that never ran, for tests.
package resulttest

import (
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/experiment"
	"crosstalk/internal/result"
	"crosstalk/internal/setting"
)

// Run is what a test wants in a folder.
type Run struct {
	Scenario string
	Seed     uint64
	// Rate is that of the experiment; 100/s where it is 0.
	Rate    float64
	Seconds int
	// Started is when it began; a fixed moment where it is zero.
	Started time.Time
	Samples bool
	Rows    []result.Row
	// Lags become visible in second 0.
	Lags []time.Duration
	// Change is made to what is written.
	Change func(*result.Run)
}

// Start is when runs begin that do not say.
var Start = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// Rows returns n requests a second for some seconds, of which number i takes the
// given latency and succeeds with a correct answer.
func Rows(perSecond, seconds int, latency func(i int) time.Duration) []result.Row {
	var rows []result.Row
	for i := range perSecond * seconds {
		due := time.Duration(i) * time.Second / time.Duration(perSecond)
		rows = append(rows, result.Row{ID: int64(i), Due: due, Sent: due + time.Microsecond, Done: due + latency(i), Judgement: result.Correct})
	}
	return rows
}

// Fail has a request fail.
func Fail(r *result.Row) { r.Code, r.Judgement = codes.Unavailable, result.Unjudged }

// Write writes the run's folder, dir/SCENARIO, and returns it.
func Write(t testing.TB, dir string, r Run) string {
	t.Helper()
	folder, err := result.Create(filepath.Join(dir, r.Scenario))
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := folder.Record(r.Samples)
	if err != nil {
		t.Fatal(err)
	}
	if r.Started.IsZero() {
		r.Started = Start
	}
	recorder.Begin(r.Started)
	recorder.End(time.Duration(r.Seconds) * time.Second)
	for _, row := range r.Rows {
		recorder.Due(row.Due)
		recorder.Add(row)
	}
	for _, lag := range r.Lags {
		recorder.AddLag(0, lag)
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	e := experiment.Default()
	e.Seed, e.Rate, e.Duration = setting.Seed(r.Seed), setting.Rate(r.Rate), setting.Duration(time.Duration(r.Seconds)*time.Second)
	if r.Rate == 0 {
		e.Rate = 100
	}
	run := &result.Run{
		Scenario: r.Scenario, Verdict: result.OK, Started: r.Started, MeasuredSeconds: float64(r.Seconds),
		Environment: result.Environment{Go: "go1.26", Commit: "unknown", OS: "linux/amd64", CPU: "any", Cores: 2, Bus: "none"},
	}
	run.Experiment = e
	recorder.Fill(run)
	run.Requests.RateAsked = float64(e.Rate)
	if r.Change != nil {
		r.Change(run)
	}
	if err := folder.Write(run); err != nil {
		t.Fatal(err)
	}
	return folder.Dir()
}

// Asked is an experiment by its JSON, with the zero value of what it leaves out.
func Asked(text string) (e experiment.Experiment) {
	if err := e.UnmarshalJSON([]byte(text)); err != nil {
		panic(err)
	}
	return e
}
