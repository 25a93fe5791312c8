package counts

import "crosstalk/internal/policy"

// Policy is what a service did about one of its needs, in the measured part.
type Policy struct {
	Consumer string `json:"consumer"`
	Need     string `json:"need"`
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
	Service string `json:"service"`
	// Workers and Queue are the bounds of one instance.
	Workers int64 `json:"workers"`
	Queue   int64 `json:"queue"`
	// Arrived less Refused and Queued is what found a worker free.
	Arrived      int64 `json:"arrived"`
	Refused      int64 `json:"refused"`
	Queued       int64 `json:"queued"`
	LongestQueue int64 `json:"longest_queue"`
	// WaitedSeconds is how long the Queued have waited in all, MeanWait its mean.
	WaitedSeconds float64 `json:"waited_seconds,omitempty"`
	MeanWait      float64 `json:"mean_wait_seconds"`

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
	Service string `json:"service"`
	Owner   string `json:"owner"`
	Events  int64  `json:"events"`
	// Bytes is the size of the keys and payloads of these events.
	Bytes int64   `json:"bytes"`
	Took  float64 `json:"took_seconds"`
}
