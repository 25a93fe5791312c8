package result

// Instrument is what the instrument could do on this machine just before the load of
// the command's first run, by a brief examination. Times are in seconds, rates in
// requests per second.
type Instrument struct {
	// Rate is the examined rate nearest to the run's, by ratio, and the lateness that of
	// constant arrivals at it, to a target that answers at once.
	Rate float64 `json:"rate"`
	// Median of the lateness of sends at that rate, to a target that answers at once.
	LatenessP50 float64 `json:"lateness_p50_seconds"`
	// 99th percentile of it. Late sends are bounded by 10 times this, from 1 to 10 ms.
	LatenessP99 float64 `json:"lateness_p99_seconds"`
	// Overshoot is how much longer than asked a delay of 5 ms took.
	OvershootP50 float64 `json:"overshoot_p50_seconds"`
	// 99th percentile of it.
	OvershootP99 float64 `json:"overshoot_p99_seconds"`
	// CallP50 is the median of an empty gRPC call, one at a time.
	CallP50 float64 `json:"call_p50_seconds"`
	// HandlingP99 is the p99 of the handling delay of empty gRPC calls at 1,000/s: the
	// median of brief blocks; 0 where that was not measured.
	HandlingP99 float64 `json:"handling_p99_seconds,omitempty"`
	// SmallestP50 is the smallest difference of the medians of two runs as brief as the
	// examination that can be told from chance.
	SmallestP50 float64 `json:"smallest_p50_difference_seconds"`
	// TrustedRate is the highest rate to be trusted, an upper bound; 0 where none is.
	TrustedRate float64 `json:"trusted_rate"`
	// CPU is who used the cores meanwhile; nil where the system does not tell.
	CPU *CPUShares `json:"cpu,omitempty"`
}

// CPUShares tells who used the cores, as shares of all of them from 0 to 1.
type CPUShares struct {
	// Own is this process's, Others what others on this machine used, Stolen what the
	// host of a virtual machine gave to other machines.
	Own float64 `json:"own"`
	// Others on this machine.
	Others float64 `json:"others"`
	// Other machines on the same host.
	Stolen float64 `json:"stolen"`
}
