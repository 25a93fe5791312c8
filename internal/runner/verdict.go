package runner

import (
	"fmt"
	"time"

	"crosstalk/internal/result"
)

// The bounds beyond which the instrument was the limit.
const (
	// latestSend bounds the 99th percentile of the lateness of sends.
	latestSend = 10 * time.Millisecond
	// busiestCPU bounds the share of all cores that the process may use: beyond
	// it, requests wait for a core and not for a service.
	busiestCPU = 0.9
)

// findings is what a verdict is taken from.
type findings struct {
	wrong       error
	interrupted bool
	closedLoop  bool
	lateness    result.Quantiles
	waited      int64
	unsent      int64
	maxInFlight int
	cpu         float64 // share of all cores
	unseen      int
}

// judge tells what a run's figures are worth, and why.
func judge(f findings) (result.Verdict, []string) {
	warnings := []string{}
	verdict := result.OK
	worsen := func(to result.Verdict, format string, args ...any) {
		warnings = append(warnings, fmt.Sprintf(format, args...))
		if to != "" {
			verdict = to
		}
	}
	if f.lateness.P99 > latestSend.Seconds() {
		worsen(result.Invalid, "late sends: 1 %% of the requests were sent %v or more after they were due, above the bound of %v",
			time.Duration(f.lateness.P99*1e9).Round(100*time.Microsecond), latestSend)
	}
	if f.waited > 0 {
		worsen(result.Invalid, "in-flight window full: %d requests waited because %d others were under way (--max-in-flight)", f.waited, f.maxInFlight)
	}
	if f.unsent > 0 {
		worsen(result.Invalid, "%d requests were never sent: the window did not clear within %v of the end", f.unsent, drainLimit)
	}
	if f.cpu > busiestCPU {
		limit := result.Invalid
		if f.closedLoop {
			limit = "" // as fast as possible is what was asked for
		}
		worsen(limit, "CPU saturated: the process used %.0f %% of all cores, above the bound of %.0f %%", f.cpu*100, busiestCPU*100)
	}
	if f.unseen > 0 {
		worsen("", "%d acknowledged changes did not become visible within %v of the end: the replication lag leaves them out", f.unseen, drainLimit)
	}
	if f.interrupted {
		worsen(result.Interrupted, "interrupted: the figures cover what was measured until then")
	}
	if f.wrong != nil {
		worsen(result.Wrong, "wrong answer: %v", f.wrong)
	}
	return verdict, warnings
}

func (r *run) findings(out *result.Run, interrupted bool) findings {
	counts := r.driver.Counts()
	f := findings{
		wrong: r.driver.Wrong(), interrupted: interrupted, closedLoop: r.experiment.Rate == 0,
		lateness: out.Lateness, waited: counts.Waited.Load(), unsent: counts.Unsent.Load(),
		maxInFlight: int(r.experiment.MaxInFlight), unseen: r.lag.Unseen(),
	}
	if r.cpu.wall > 0 {
		f.cpu = r.cpu.used.Seconds() / r.cpu.wall.Seconds() / float64(out.Environment.Cores)
	}
	return f
}
