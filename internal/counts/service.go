package counts

import "crosstalk/internal/policy"

// Policy is what a service did about one of its needs, in the measured part.
type Policy struct {
	// The service.
	Consumer string `json:"consumer"`
	// The service that it needs.
	Need string `json:"need"`
	policy.Statistic
	// Amplification is Tries ÷ Calls.
	Amplification float64 `json:"amplification"`

	// Breaker is the state that its breaker is in now, closed, half-open or open; empty
	// where there is none. It is in no JSON.
	Breaker string `json:"-"`
}

func (p Policy) key() [2]string { return [2]string{p.Consumer, p.Need} }

func (p *Policy) add(other Policy) { p.Statistic.Add(other.Statistic) }

// Capacity is how full a service with a bound was, in the measured part.
type Capacity struct {
	// The service.
	Service string `json:"service"`
	// Workers and Queue are the bounds of one instance.
	Workers int64 `json:"workers"`
	// Most that may wait.
	Queue int64 `json:"queue"`
	// Arrived less Refused and Queued is what found a worker free.
	Arrived int64 `json:"arrived"`
	// Those that found the queue full.
	Refused int64 `json:"refused"`
	// Those that waited for a worker.
	Queued int64 `json:"queued"`
	// Most that waited at once.
	LongestQueue int64 `json:"longest_queue"`
	// WaitedSeconds is how long the Queued have waited in all, MeanWait its mean.
	WaitedSeconds float64 `json:"waited_seconds,omitempty"`
	// Mean wait of those that waited, in seconds.
	MeanWait float64 `json:"mean_wait_seconds"`

	// Waiting is how many wait now; it is in no JSON.
	Waiting int64 `json:"-"`
}

func (c Capacity) key() string { return c.Service }

func (c *Capacity) add(other Capacity) {
	c.Workers, c.Queue = max(c.Workers, other.Workers), max(c.Queue, other.Queue)
	c.Arrived += other.Arrived
	c.Refused += other.Refused
	c.Queued += other.Queued
	c.LongestQueue = max(c.LongestQueue, other.LongestQueue)
	c.WaitedSeconds += other.WaitedSeconds
	c.Waiting += other.Waiting
}

func (c *Capacity) restore() {
	if c.WaitedSeconds == 0 {
		c.WaitedSeconds = c.MeanWait * float64(c.Queued)
	}
}

// Bootstrap is what a copy read of its owner's changes when its process started.
type Bootstrap struct {
	// The service that keeps the copy.
	Service string `json:"service"`
	// The service whose records they are.
	Owner string `json:"owner"`
	// Events that were read.
	Events int64 `json:"events"`
	// Bytes is the size of the keys and payloads of these events.
	Bytes int64 `json:"bytes"`
	// From the start until the copy had caught up.
	Took float64 `json:"took_seconds"`
}
