package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crosstalk/internal/bus"
	"crosstalk/internal/result"
	"crosstalk/internal/stats"
)

// roundTrips is how many requests and replies tell how far a cluster is away: about
// a second's worth.
const roundTrips = 200

// calibrate measures how long a request and its reply take over the run's cluster
// and over an embedded broker, in turns, before there is load. Without a cluster,
// or where other runs go on, there is nothing to tell.
func (r *run) calibrate(ctx context.Context) error {
	env := r.topology.Env
	if len(r.experiment.Kafka) == 0 || env.Bus == nil || r.options.Shared {
		return nil
	}
	broker, err := bus.StartBroker(env.Listen)
	if err != nil {
		return err
	}
	defer broker.Close()
	embedded, err := bus.Open(ctx, bus.Config{Addresses: broker.Addresses(), Dial: env.Dial})
	if err != nil {
		return err
	}
	defer embedded.Close()
	took, err := bus.RoundTrips(ctx, env.Prefix, roundTrips, env.Bus, embedded)
	if err != nil {
		return fmt.Errorf("compare the cluster with an embedded broker: %w", err)
	}
	here, there := inSeconds(took[0]), inSeconds(took[1])
	r.distance = &result.RoundTrip{
		Count: roundTrips,
		P50:   stats.Quantile(here, 0.5), P99: stats.Quantile(here, 0.99),
		EmbeddedP50: stats.Quantile(there, 0.5), EmbeddedP99: stats.Quantile(there, 0.99),
	}
	return nil
}

// inSeconds returns durations in seconds, sorted.
func inSeconds(all []time.Duration) []float64 {
	out := make([]float64, len(all))
	for i, d := range all {
		out[i] = d.Seconds()
	}
	slices.Sort(out)
	return out
}
