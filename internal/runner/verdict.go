package runner

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crosstalk/internal/doctor"
	"crosstalk/internal/result"
)

// shortestShare is the shortest measurement that a share of the cores is taken
// of: the kernel counts in ticks of 10 ms, which are too much of a shorter one.
const shortestShare = time.Second

// findings is what a verdict is taken from.
type findings struct {
	wrong       error
	interrupted bool
	failed      error // why it has ended early
	missing     error // which nodes tell nothing
	closedLoop  bool
	requests    result.Requests
	measured    time.Duration
	lateness    result.Quantiles
	latencyP99  float64            // seconds
	instrument  *result.Instrument // before the load; nil where it was not examined
	maxInFlight int
	waited      int64
	unsent      int64
	unoffered   int64
	drained     time.Duration
	// Shares of the cores: what this process used, and what anyone did.
	cpu, busy    float64
	writesUnsent int64
	unseen       int
	awaited      time.Duration
	unwritten    error
	silences     []result.Silence
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
	if f.requests.Sent == 0 && !f.interrupted {
		worsen(result.Invalid, "nothing was measured: %d requests were due in %v, and none was sent", f.requests.Due, f.measured)
	}
	if bound := doctor.LateBound(f.instrument, f.latencyP99); f.lateness.P99 > bound.Seconds() {
		worsen(result.Invalid, "late sends: 1 %% of the requests were sent %v or more after they were due, above the bound of %v%s",
			later(time.Duration(f.lateness.P99*1e9), bound), bound, f.whyLate())
	}
	if f.waited > 0 {
		worsen(result.Invalid, "in-flight window full: %d requests waited because %d others were under way (--max-in-flight)", f.waited, f.maxInFlight)
	}
	if f.unsent > 0 {
		worsen(result.Invalid, "%d requests were never sent: the window did not clear within %v of the end", f.unsent, round(f.drained))
	}
	if f.unoffered > 0 {
		worsen(result.Invalid, "%d requests were never sent: the driver could not keep up with their rate", f.unoffered)
	}
	if busy := max(f.busy, f.cpu); busy > doctor.BusiestCPU {
		limit := result.Invalid
		if f.closedLoop && busy-f.cpu <= 1-doctor.BusiestCPU {
			limit = "" // as fast as possible is what was asked for
		}
		worsen(limit, "CPU saturated: %s %% of all cores were in use, above the bound of %.0f %%; this process used %.1f %%%s",
			above(busy*100, doctor.BusiestCPU*100), doctor.BusiestCPU*100, f.cpu*100, f.whyBusy())
	}
	if i := f.instrument; i != nil && f.requests.RateAsked > i.TrustedRate {
		worsen("", "%s", untrusted(f.requests.RateAsked, i.TrustedRate))
	}
	if f.writesUnsent > 0 {
		worsen("", "%d writes were never sent: --max-in-flight others were under way, or the driver could not keep up", f.writesUnsent)
	}
	if f.unseen > 0 {
		worsen("", "%d acknowledged changes did not become visible within %v of the end: the replication lag leaves them out", f.unseen, round(f.awaited))
	}
	if f.unwritten != nil {
		worsen("", "a file is not complete: %v", f.unwritten)
	}
	if f.failed != nil {
		worsen(result.Invalid, "ended early: %v; the figures cover the %v that were measured until then", f.failed, round(f.measured))
	} else if f.interrupted {
		worsen(result.Interrupted, "interrupted: the figures cover the %v that were measured until then", round(f.measured))
	}
	if len(f.silences) > 0 {
		worsen(result.Invalid, "%s", whySilent(f.silences))
	}
	if f.missing != nil {
		worsen(result.Invalid, "%s", strings.ReplaceAll(f.missing.Error(), "\n", "; "))
	}
	if f.wrong != nil {
		worsen(result.Wrong, "wrong: %v", f.wrong)
	}
	return verdict, warnings
}

// whyLate says what the bound of late sends was taken from.
func (f findings) whyLate() string {
	if f.instrument == nil {
		return ""
	}
	return fmt.Sprintf(" (%d times the %v measured before the load, or a tenth of the latency's p99, at least %v and at most %v)",
		doctor.Slack, later(time.Duration(f.instrument.LatenessP99*1e9), 0), doctor.StrictestSend, doctor.LatestSend)
}

// whyBusy says who else used the cores before there was any load.
func (f findings) whyBusy() string {
	if f.instrument == nil || f.instrument.CPU == nil {
		return ""
	}
	c := f.instrument.CPU
	return fmt.Sprintf("; before the load, others here used %.1f %%, and %.1f %% were stolen by other machines", c.Others*100, c.Stolen*100)
}

func untrusted(asked, trusted float64) string {
	if trusted == 0 {
		return fmt.Sprintf("rate not trusted: before the load, this machine sent on time at no rate, and %g/s were asked for", asked)
	}
	return fmt.Sprintf("rate not trusted: %g/s were asked for, above the %.0f/s that this machine can be trusted with", asked, trusted)
}

// above returns a number with as many decimals as it takes to tell it from the
// bound that it is above, and at least one.
func above(value, bound float64) string {
	for decimals := 1; ; decimals++ {
		text := strconv.FormatFloat(value, 'f', decimals, 64)
		if value == bound || text != strconv.FormatFloat(bound, 'f', decimals, 64) {
			return text
		}
	}
}

// later does that for a duration: three digits, or as many as it takes.
func later(d, bound time.Duration) time.Duration {
	unit := time.Second
	for unit > 1 && (unit > d/100 || d.Round(unit) <= bound) {
		unit /= 10
	}
	return d.Round(unit)
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

func (r *run) findings(out *result.Run, interrupted bool) findings {
	counts := r.driver.Counts()
	f := findings{
		wrong: r.wrong(), interrupted: interrupted, failed: r.failed, missing: r.missing, closedLoop: r.experiment.Rate == 0,
		requests: out.Requests, measured: time.Duration(out.MeasuredSeconds * float64(time.Second)),
		lateness: out.Lateness, latencyP99: out.Latency.P99, instrument: r.instrument, maxInFlight: int(r.experiment.MaxInFlight),
		waited: counts.Waited.Load(), unsent: counts.Unsent.Load(), unoffered: counts.Unoffered.Load(),
		drained: r.driver.Drained(), writesUnsent: counts.WritesUnsent.Load(),
		unseen: r.lag.Unseen(), awaited: r.awaited, unwritten: r.unwritten, silences: out.Silences,
	}
	if r.cpu.wall >= shortestShare {
		f.cpu = r.cpu.used.Seconds() / r.cpu.wall.Seconds() / float64(out.Environment.Cores)
		f.busy = r.cpu.busy.Seconds() / r.cpu.wall.Seconds() / float64(max(r.cpu.cores, 1))
	}
	return f
}
