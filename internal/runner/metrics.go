package runner

import (
	"time"

	"crosstalk/internal/result"
	"crosstalk/internal/telemetry"
)

// show has the driver's metrics shown. It is called once the driver is there.
func (r *run) show() {
	m := r.options.Env.Metrics
	m.ReadLoad(r.load)
	var judgements []string
	for j := result.Unjudged; j <= result.Corrupt; j++ {
		judgements = append(judgements, j.String())
	}
	r.shown = m.Driver(judgements...)
}

// load reads what the driver has counted, for a scrape.
func (r *run) load() telemetry.Load {
	c := r.driver.Counts()
	ended := c.Succeeded.Load() + c.Failed.Load() + c.Interrupted.Load() // before sent, so that it is never above it
	l := telemetry.Load{
		RateAsked: float64(r.experiment.Rate), Begin: r.begin,
		Limit: int64(r.experiment.MaxInFlight), Sent: c.Sent.Load(),
		Waited: c.Waited.Load(), Unsent: c.Unsent.Load(), Unoffered: c.Unoffered.Load(),
		WritesAcknowledged: c.WritesAcknowledged.Load(), WritesFailed: c.WritesFailed.Load(),
		WritesUnsent: c.WritesUnsent.Load(), Unseen: int64(r.lag.Unseen()),
	}
	l.InFlight = l.Sent - ended
	if at, ok := r.lag.Oldest(); ok {
		l.Age = max(time.Since(r.begin)-at, 0)
	}
	return l
}

// answered shows a request that is complete.
func (r *run) answered(row result.Row) {
	r.shown.Add(telemetry.Answer{
		Due: row.Due, Sent: row.Sent, Done: row.Done, Code: row.Code, Judgement: int(row.Judgement),
		Stale: row.Judgement == result.Stale, Staleness: row.Staleness,
	})
}
