package verdict

import (
	"context"
	"fmt"

	"crosstalk/internal/experiment"
	"crosstalk/internal/predict"
)

// Web is what theory says of one graph.
type Web struct {
	Width, Depth int
	ErrorRate    float64
	P50, P99     float64 // seconds
}

// Webs predicts graphs up to what no machine here runs: each upstream works for
// lognormal(5ms,50ms), and fails one request in a hundred. The error is that of ctx,
// if it ends before.
func Webs(ctx context.Context, base *experiment.Experiment) ([]Web, error) {
	var out []Web
	for _, shape := range []struct{ width, depth int }{{1, 1}, {10, 1}, {100, 1}, {1, 3}, {1, 10}, {3, 3}} {
		e := *base
		for name, text := range map[string]string{"latency": "lognormal(5ms,50ms)", "fail-rate": "1%", "timeout": "10s"} {
			if err := e.Set(name, text); err != nil {
				return nil, err
			}
		}
		e.Services = experiment.Tree(shape.width, shape.depth)
		p, err := predict.Of(ctx, &e, "sync", predict.Options{})
		if err != nil {
			return nil, err
		}
		out = append(out, Web{shape.width, shape.depth, p.ErrorRate, p.Latency.P50, p.Latency.P99})
	}
	return out, nil
}

// web: errors and latency grow with the graph, measured three deep and by theory
// beyond.
func web(e Evidence) (Ruling, string, bool) {
	runs, ok := e.of(deep, "sync")
	if !ok || len(e.Web) == 0 {
		return "", "", false
	}
	const expected = 1 - 0.95*0.95*0.95
	measured := runs[0].ErrorRate
	first := e.Web[0]
	figure := fmt.Sprintf("three deep, 5 %% and 5 ms each: %s fail, the fastest takes %s; theory, 1 %% each, errors and p99:", percent(measured.Value), ms(runs[0].Latency.Min))
	grows := true
	for _, w := range e.Web {
		figure += fmt.Sprintf(" %d wide %d deep %s %s,", w.Width, w.Depth, percent(w.ErrorRate), ms(w.P99))
		grows = grows && (w == first || w.ErrorRate > first.ErrorRate && w.P99 > first.P99)
	}
	return holdsIf(grows && measured.Low <= expected && expected <= measured.High && runs[0].Latency.Min >= 0.015), figure[:len(figure)-1], true
}
