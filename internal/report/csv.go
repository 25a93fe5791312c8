package report

import (
	"encoding/csv"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"time"

	"crosstalk/internal/result"
	"crosstalk/internal/theory"
)

// CSV writes a line for each run: durations in seconds and shares as such. Where a
// figure has no samples, and where the end of an interval is open, it is empty.
func CSV(w io.Writer, runs []Found) error {
	out := csv.NewWriter(w)
	_ = out.Write(csvHead) // its errors are told by Error below
	for _, f := range runs {
		_ = out.Write(csvLine(f))
	}
	out.Flush()
	return out.Error()
}

var csvHead = append([]string{
	"folder", "scenario", "verdict", "started", "measured_seconds", "due", "sent", "succeeded", "failed",
	"rate_asked", "rate_achieved", "throughput", "error_rate", "error_rate_low", "error_rate_high",
	"latency_p50_seconds", "latency_p90_seconds", "latency_p99_seconds", "latency_p999_seconds", "latency_max_seconds", "latency_mean_seconds",
	"stale_rate", "stale_rate_low", "stale_rate_high", "staleness_p50_seconds", "staleness_p99_seconds", "staleness_max_seconds",
	"replication_lag_p50_seconds", "replication_lag_p99_seconds", "events_per_request", "cpu_seconds_per_1000", "storage_bytes", "copy_bytes",
	"writes_due", "writes_acknowledged", "writes_failed", "write_error_rate", "write_error_rate_low", "write_error_rate_high", "write_failures",
	"latency_p50_low_seconds", "latency_p50_high_seconds", "latency_p90_low_seconds", "latency_p90_high_seconds",
	"latency_p99_low_seconds", "latency_p99_high_seconds", "latency_p999_low_seconds", "latency_p999_high_seconds",
	"theory_method", "theory_error_rate", "theory_error_rate_low", "theory_error_rate_high",
	"theory_p50_seconds", "theory_p50_low_seconds", "theory_p50_high_seconds", "theory_p99_seconds", "theory_p99_low_seconds", "theory_p99_high_seconds",
	"theory_stale_rate", "theory_stale_rate_low", "theory_stale_rate_high",
	"interrupted", "writes_interrupted",
}, comparisonHead...)

func csvLine(f Found) []string {
	r := f.Run
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	of := func(n int64, values ...float64) []string {
		cells := make([]string, len(values))
		for i, v := range values {
			if n > 0 {
				cells[i] = number(v)
			}
		}
		return cells
	}
	line := []string{
		filepath.ToSlash(f.Dir), r.Scenario, string(r.Verdict), r.Started.UTC().Format(time.RFC3339Nano), number(r.MeasuredSeconds),
		whole(r.Requests.Due), whole(r.Requests.Sent), whole(r.Requests.Succeeded), whole(r.Requests.Failed),
	}
	e, l, s, a, lag := r.ErrorRate, r.Latency, r.StaleRate, r.Staleness, r.ReplicationLag
	for _, cells := range [][]string{
		of(1, r.Requests.RateAsked, r.Requests.RateAchieved, r.Requests.Throughput),
		of(r.Requests.Sent, e.Value, e.Low, e.High),
		of(l.Count, l.P50, l.P90, l.P99, l.P999, l.Max, l.Mean),
		of(r.Judged(), s.Value, s.Low, s.High),
		of(a.Count, a.P50, a.P99, a.Max),
		of(lag.Count, lag.P50, lag.P99),
		of(1, r.EventsPerRequest, r.CPUSecondsPer1000),
	} {
		line = append(line, cells...)
	}
	w, failed := r.Writes, r.Writes.ErrorRate()
	line = append(line, whole(sum(r.StorageBytes)), whole(sum(r.CopyBytes)), whole(w.Due), whole(w.Acknowledged), whole(w.Failed))
	line = append(line, of(w.Sent(), failed.Value, failed.Low, failed.High)...)
	line = append(line, codes(w.Failures))
	for _, p := range []float64{0.5, 0.9, 0.99, 0.999} {
		v, ok := r.Written(result.Latency, p)
		if !ok {
			v.Low, v.High = math.Inf(-1), math.Inf(1)
		}
		line = append(line, end(v.Low), end(v.High))
	}
	line = append(line, csvTheory(r.Predicted)...)
	line = append(line, whole(r.Requests.Interrupted), whole(w.Interrupted))
	return append(line, comparisonFields(r.Comparison)...)
}

// csvTheory is what theory says, with the bounds of a simulation where these are
// known; all is empty where nothing was predicted.
func csvTheory(p *theory.Prediction) []string {
	if p == nil {
		return make([]string, 13)
	}
	x := intervalsOf(p)
	line := append([]string{p.Method}, csvBounded(p.ErrorRate, x.ErrorRate)...)
	latency := make([]string, 6)
	if q := p.Latency; q != nil {
		latency = append(csvBounded(q.P50, x.Latency.P50), csvBounded(q.P99, x.Latency.P99)...)
	}
	return append(append(line, latency...), csvBounded(p.StaleShare, x.StaleShare)...)
}

func csvBounded(v float64, b *theory.Bounds) []string {
	if b == nil {
		return []string{number(v), "", ""}
	}
	return []string{number(v), number(b.Low), number(b.High)}
}

func sum(bytes map[string]int64) (total int64) {
	for _, n := range bytes {
		total += n
	}
	return total
}
