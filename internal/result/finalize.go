package result

import "crosstalk/internal/stats"

// Finalize fills what follows from what the processes have counted: shares with their
// intervals, and means.
func (r *Run) Finalize() {
	for i := range r.Faults {
		f := &r.Faults[i]
		f.Delivered, f.Low, f.High = 0, 0, 0
		if f.Interactions > 0 {
			f.Delivered = mean(float64(f.Injected), f.Interactions)
			f.Low, f.High = stats.Wilson(f.Injected, f.Interactions)
		}
		f.MeanAskedSeconds, f.MeanDeliveredSeconds = mean(f.AskedSeconds, f.Injected), mean(f.DeliveredSeconds, f.Injected)
	}
	for i := range r.Policies {
		p := &r.Policies[i]
		p.Amplification = mean(float64(p.Tries), p.Calls)
	}
	for i := range r.Capacities {
		c := &r.Capacities[i]
		c.MeanWait = mean(c.WaitedSeconds, c.Queued)
	}
}

// mean is sum ÷ n; 0 of none.
func mean(sum float64, n int64) float64 { return sum / float64(max(n, 1)) }
