package benchmarks

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"crosstalk/benchmarks/rig"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
)

const perSecond = 2000

// Redrawing the report of a run of an hour at 2,000/s: the command, with its page,
// its pictures and its tables.
func BenchmarkRedrawHour(b *testing.B) {
	dir := b.TempDir()
	bench := filepath.Join(dir, "bench")
	if out, err := exec.Command("go", "build", "-o", bench, "crosstalk/cmd/bench").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	folder := writeHour(b, filepath.Join(dir, "sync"))
	var cpu, wall []float64
	for b.Loop() {
		begin := time.Now()
		cmd := exec.Command(bench, "report", folder, "--format=html,png,markdown", "--out="+filepath.Join(dir, "drawn"))
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		wall = append(wall, time.Since(begin).Seconds())
		cpu = append(cpu, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
	}
	b.ReportMetric(rig.Median(wall), "s")
	b.ReportMetric(rig.Median(cpu), "cpu-s")
	b.ReportMetric(0, "ns/op")
}

func writeHour(b *testing.B, dir string) string {
	b.Helper()
	folder, err := result.Create(dir)
	if err != nil {
		b.Fatal(err)
	}
	r, err := folder.Record(false)
	if err != nil {
		b.Fatal(err)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r.Begin(start)
	played(r, load.NewOracle(nil, 0, time.Second), 3600)
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	e := rig.Load(perSecond, 0, time.Hour)
	run := &result.Run{
		Scenario: "sync", Verdict: result.OK, Started: start, MeasuredSeconds: 3600,
		Environment: result.LocalEnvironment(),
	}
	run.Environment.Bus = "none"
	run.Experiment = *e
	r.Fill(run)
	if err := folder.Write(run); err != nil {
		b.Fatal(err)
	}
	return folder.Dir()
}

// played has a recorder and an oracle told of a run of some seconds at 2,000/s. Time
// is let pass between seconds as far as the recorder needs it, which is at work
// while there is one goroutine more.
func played(r *result.Recorder, o *load.Oracle, seconds int) {
	idle := runtime.NumGoroutine()
	for i := range int64(seconds * perSecond) {
		for i%perSecond == 0 && runtime.NumGoroutine() > idle {
			runtime.Gosched()
		}
		due := time.Duration(i) * time.Second / perSecond
		row := result.Row{
			ID: i, Due: due, Sent: due + time.Duration(i%89)*time.Microsecond,
			Done: due + time.Duration(i*7919%20_000)*time.Microsecond + time.Millisecond,
		}
		r.Due(due)
		question := o.Ask(record.Key(i%100), due)
		row.Judgement, row.Staleness, _ = o.Judge(question, nil)
		r.Add(row)
	}
}

// What the recorder and the oracle keep of a run of an hour at 2,000/s, against one
// of a minute: the heap that is left when all is told and collected, and the most
// memory that the process had of the system.
func BenchmarkMemoryOfAnHour(b *testing.B) {
	var kept rig.Ratios
	for b.Loop() {
		minute := keptOf(b, 60)
		kept.Add(keptOf(b, 3600), minute)
	}
	b.ReportMetric(kept.Median(), "hour/minute")
	b.ReportMetric(kept.Ours()/1e6, "hour-MB")
	b.ReportMetric(kept.Theirs()/1e6, "minute-MB")
	b.ReportMetric(0, "ns/op")
}

func keptOf(b *testing.B, seconds int) float64 {
	devNull, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer devNull.Close()
	r := result.NewRecorder(result.Options{Log: devNull})
	o := load.NewOracle(nil, 0, time.Second)
	played(r, o, seconds)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	runtime.KeepAlive(o)
	return float64(m.HeapAlloc)
}
