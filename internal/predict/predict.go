package predict

import (
	"context"

	"crosstalk/internal/experiment"
	"crosstalk/internal/theory"
)

// The methods.
const (
	ClosedForm = "closed form"
	Simulation = "simulation"
)

// shares are the quantiles that are told, in the order of Quantiles.
var shares = [...]float64{0.5, 0.75, 0.9, 0.99, 0.999, 0.9999}

func quantilesOf(values [len(shares)]float64, mean float64) *theory.Quantiles {
	return &theory.Quantiles{
		P50: values[0], P75: values[1], P90: values[2], P99: values[3], P999: values[4], P9999: values[5], Mean: mean,
	}
}

// Of predicts a valid experiment in a scenario: by a closed form where there is
// one, and else by a simulation, of at most DefaultRequests requests unless o says
// otherwise. The error is an Unsupported, or that of ctx if it ends before the prediction is there.
func Of(ctx context.Context, e *experiment.Experiment, scenario string, o Options) (theory.Prediction, error) {
	p, why, err := Closed(ctx, e, scenario, o)
	if err != nil || why == "" {
		return p, err
	}
	p, err = Simulate(ctx, e, scenario, o)
	p.Why = why
	return p, err
}
