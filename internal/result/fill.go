package result

import (
	"crosstalk/internal/fault"
)

// Fill writes what was recorded into a run: Requests, WarmUp, ErrorRate, StaleRate,
// Failures, the quantiles, Answers and Series. The rates count over
// MeasuredSeconds, which is set before; RateAsked is left as it is. It is called
// after Close.
func (r *Recorder) Fill(run *Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	run.WarmUp = r.warmUp
	r.fillRequests(&run.Requests, run.MeasuredSeconds)
	run.ErrorRate = Share(r.measured.Failed, r.measured.Sent)
	run.Failures = make(map[string]int64, len(r.failures))
	for code, n := range r.failures {
		run.Failures[fault.CodeName(code)] = n
	}
	run.Answers = r.answers
	run.StaleRate = Share(run.Answers.Stale, run.Judged())
	for k := range r.totals {
		r.totals[k].fill(run, Kind(k))
	}
	run.Series = due(r.series)
}

func (r *Recorder) fillRequests(to *Requests, seconds float64) {
	to.Due, to.Sent = r.measured.Due, r.measured.Sent
	to.Succeeded, to.Failed = r.measured.Succeeded, r.measured.Failed
	to.RateAchieved, to.Throughput = 0, 0
	if seconds > 0 {
		to.RateAchieved = float64(r.within.sent) / seconds
		to.Throughput = float64(r.within.succeeded) / seconds
	}
}

// due is the series without the seconds at its end in which changes became
// visible but no request was due.
func due(series []Second) []Second {
	end := len(series)
	for end > 0 && series[end-1].Due == 0 {
		end--
	}
	return append([]Second{}, series[:end]...)
}

// quantiles is where a run keeps the summary of a kind.
func (r *Run) Quantiles(k Kind) *Quantiles {
	return [kinds]*Quantiles{
		&r.Latency, &r.ServiceTime, &r.FailedLatency, &r.Lateness, &r.Staleness, &r.ReplicationLag, &r.HandlingDelay,
	}[k]
}

func (a *Answers) count(j Judgement) {
	switch j {
	case Correct:
		a.Correct++
	case Stale:
		a.Stale++
	case Backwards:
		a.Backwards++
	case Missing:
		a.Missing++
	case Corrupt:
		a.Corrupt++
	}
}
