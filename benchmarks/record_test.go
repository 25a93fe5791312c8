package benchmarks

import (
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crosstalk/benchmarks/rig"
	"crosstalk/internal/result"
)

// Recording a latency: reading the clock when the answer is there, and handing the
// row over, from one goroutine and from as many as there are cores. Caller is the CPU
// time of the goroutine that records, gather that of counting, compressing and
// writing, which another goroutine does. Due is what it takes to note beforehand that
// the request is due, which the goroutine that offers does.
func BenchmarkRecord(b *testing.B) {
	b.Run("one", func(b *testing.B) { recordBy(b, 1) })
	b.Run("cores", func(b *testing.B) { recordBy(b, runtime.GOMAXPROCS(0)) })
}

func recordBy(b *testing.B, goroutines int) {
	const perSecond = 20_000 // of the times that are recorded, not of the clock
	r := result.NewRecorder(result.Options{Log: io.Discard})
	each := b.N/goroutines + 1
	dueAt := func(i int) time.Duration { return time.Duration(i*goroutines) * (time.Second / perSecond) }
	var caller, due atomic.Int64
	all := rig.CPU()
	begin := time.Now()
	var running sync.WaitGroup
	for range goroutines {
		running.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for from := 0; from < each; from += perSecond { // in turn, as in a run
				to := min(from+perSecond, each)
				before := rig.ThreadCPU()
				for i := from; i < to; i++ {
					r.Due(dueAt(i))
				}
				between := rig.ThreadCPU()
				for i := from; i < to; i++ {
					done := time.Since(begin)
					at := dueAt(i)
					r.Add(result.Row{ID: int64(i), Due: at, Sent: at, Done: at + done%time.Second, Judgement: result.Correct})
				}
				due.Add(int64(between - before))
				caller.Add(int64(rig.ThreadCPU() - between))
			}
		})
	}
	running.Wait()
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
	n := float64(each * goroutines)
	b.ReportMetric(float64(caller.Load())/n, "caller-ns")
	b.ReportMetric(float64(due.Load())/n, "due-ns")
	b.ReportMetric((float64(rig.CPU()-all)-float64(caller.Load()+due.Load()))/n, "gather-ns")
	b.ReportMetric(0, "ns/op") // of the clock: whoever else is on the machine is in it
}
