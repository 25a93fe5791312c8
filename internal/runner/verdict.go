package runner

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"crosstalk/internal/doctor"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
)

// shortestShare is the shortest measurement that a share of the cores is taken
// of: the kernel counts in ticks of 10 ms, which are too much of a shorter one.
const shortestShare = time.Second

// fewSuccesses is how many successes may be expected where there are none: one run in a
// thousand has none where it should have seven.
const fewSuccesses = 7

// findings is what a verdict is taken from.
type findings struct {
	wrong       error
	interrupted bool
	failed      error // why it has ended early
	missing     error // which nodes tell nothing
	uncompared  error // why tables were not compared that should have been
	explained   []result.Explained
	closedLoop  bool
	requests    result.Requests
	measured    time.Duration
	lateness    result.Quantiles
	latency     result.Quantiles
	handling    result.Quantiles
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
	untold       int // changes that are visible, nobody told since when
	awaited      time.Duration
	// notCompared says why the databases were not; empty where they were.
	notCompared string
	// errorRate is the share of requests that should have failed.
	errorRate float64
	unwritten error
	silences  []result.Silence
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
	if f.requests.Sent > 0 && f.requests.Succeeded == 0 && (1-f.errorRate)*float64(f.requests.Sent) > fewSuccesses {
		worsen(result.Invalid, "no request succeeded, of %d that were sent, and %.3g %% should have: is the service there that is queried?",
			f.requests.Sent, (1-f.errorRate)*100)
	}
	if bound := doctor.LateBound(f.instrument, f.latency.P99); f.lateness.P99 > bound.Seconds() {
		worsen(result.Invalid, "late sends: 1 %% of the requests were sent %v or more after they were due, above the bound of %v%s",
			later(time.Duration(f.lateness.P99*1e9), bound), bound, f.whyLate())
	}
	f.judgeHandling(worsen)
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
		worsen(f.saturated(), "CPU saturated: %s %% of all cores were in use, above the bound of %.0f %%; this process used %.1f %%%s",
			above(busy*100, doctor.BusiestCPU*100), doctor.BusiestCPU*100, f.cpu*100, f.whyBusy())
	}
	if i := f.instrument; i != nil && f.requests.RateAsked > i.TrustedRate {
		worsen("", "%s", untrusted(f.requests.RateAsked, i.TrustedRate))
	}
	if f.writesUnsent > 0 {
		worsen("", "%d writes were never sent: --max-in-flight others were under way, or the driver could not keep up", f.writesUnsent)
	}
	if f.unseen > 0 && (f.awaited > 0 || !f.interrupted) { // else nobody has waited for them
		worsen("", "%d acknowledged changes did not become visible within %v of the end: the replication lag leaves them out", f.unseen, round(f.awaited))
	}
	if f.untold > 0 {
		worsen("", "%d changes are visible, and no node told since when: the replication lag leaves them out", f.untold)
	}
	for _, e := range f.explained {
		if e.Changes > 0 {
			worsen("", "%d of those are explained: %s", e.Changes, e.Fault)
		}
	}
	if f.uncompared != nil {
		worsen(result.Invalid, "%s", oneLine(f.uncompared))
	}
	if f.unwritten != nil {
		worsen("", "a file is not complete: %v", f.unwritten)
	}
	if f.failed != nil {
		worsen(result.Invalid, "ended early: %v; the figures cover the %v that were measured until then", f.failed, round(f.measured))
	} else if f.interrupted {
		worsen(result.Interrupted, "interrupted: the figures cover the %v that were measured until then%s", round(f.measured), f.cut())
	}
	if f.interrupted && f.notCompared != "" {
		worsen("", "not compared: %s", f.notCompared)
	}
	if len(f.silences) > 0 {
		worsen(result.Invalid, "%s", whySilent(f.silences))
	}
	if f.missing != nil {
		worsen(result.Invalid, "%s", oneLine(f.missing))
	}
	if f.wrong != nil {
		worsen(result.Wrong, "wrong: %s", oneLine(f.wrong))
	}
	return verdict, warnings
}

// saturated is what it makes of a run that the cores were the limit: a closed loop that
// used them all itself goes as fast as possible, as was asked for.
func (f findings) saturated() result.Verdict {
	if f.closedLoop && max(f.busy, f.cpu)-f.cpu <= 1-doctor.BusiestCPU {
		return ""
	}
	return result.Invalid
}

// judgeHandling holds each percentile of the handling delay that ten requests or more
// exceed against that of the latency, and speaks of the first one that is too long.
func (f findings) judgeHandling(worsen func(result.Verdict, string, ...any)) {
	h, l := f.handling, f.latency
	for _, p := range []struct{ percent, handling, latency float64 }{
		{50, h.P50, l.P50}, {90, h.P90, l.P90}, {99, h.P99, l.P99}, {99.9, h.P999, l.P999},
	} {
		bound := doctor.HandlingBound(f.instrument, p.latency)
		if float64(h.Count)*(100-p.percent) < 1000-1e-6 || p.handling <= bound.Seconds() {
			continue
		}
		limit := result.Invalid
		if f.closedLoop && (f.cpu == 0 || f.cpu > doctor.BusiestCPU) {
			limit = f.saturated() // the cores were the limit, or nobody knows
		}
		worsen(limit, "answers counted late: in %.3g %% of the requests the driver came to the answer %v or more after it had arrived, "+
			"above the bound of %v (%.0f %% of the latency's p%g, or what is usual here): it takes from the cores what the services need",
			100-p.percent, later(time.Duration(p.handling*1e9), bound), bound, doctor.Blur*100, p.percent)
		return
	}
}

// cut says what was still in flight Grace after an interrupt.
func (f findings) cut() string {
	if f.requests.Interrupted == 0 {
		return ""
	}
	return fmt.Sprintf("; %d requests in flight were not complete %v later, and were cancelled", f.requests.Interrupted, load.Grace)
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

func (r *run) findings(asked context.Context, out *result.Run, interrupted bool) findings {
	counts := r.driver.Counts()
	f := findings{
		wrong: r.wrong(), interrupted: interrupted, failed: r.failed, missing: r.missing, uncompared: r.tables.failed, explained: r.tables.Explained, closedLoop: r.experiment.Rate == 0,
		requests: out.Requests, measured: time.Duration(out.MeasuredSeconds * float64(time.Second)),
		lateness: out.Lateness, latency: out.Latency, handling: out.HandlingDelay, instrument: r.instrument, maxInFlight: int(r.experiment.MaxInFlight),
		waited: counts.Waited.Load(), unsent: counts.Unsent.Load(), unoffered: counts.Unoffered.Load(),
		drained: r.driver.Drained(), writesUnsent: counts.WritesUnsent.Load(),
		unseen: r.lag.Unseen(), untold: r.tables.untold, errorRate: r.expectedErrors(asked, out), awaited: r.awaited, notCompared: r.tables.NotCompared,
		unwritten: r.unwritten, silences: out.Silences,
	}
	if r.cpu.wall >= shortestShare {
		f.cpu = r.cpu.used.Seconds() / r.cpu.wall.Seconds() / float64(out.Environment.Cores)
		f.busy = r.cpu.busy.Seconds() / r.cpu.wall.Seconds() / float64(max(r.cpu.cores, 1))
	}
	return f
}

// expectedErrors is the share of requests that should fail, by what was asked for. It
// matters where none succeeded. It is all of them once asked has ended before theory
// has answered: then nothing says that one should have succeeded.
func (r *run) expectedErrors(asked context.Context, out *result.Run) float64 {
	switch {
	case out.Requests.Succeeded > 0:
		return 0
	case out.Predicted != nil:
		return out.Predicted.ErrorRate
	}
	p, err := r.predict(asked)
	if err != nil {
		return 1
	}
	return p.ErrorRate
}
