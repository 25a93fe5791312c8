// Package counts is what the processes of a run count. One type serves the process that
// counts, the control service that sends it as JSON, the metrics that show it and the
// result that keeps it: a figure is declared once.
//
// What is counted is a sum, so that processes, restarts, instances and merged runs add
// up. What follows from sums (ratios, means, intervals) is for the result to fill, and never
// added. Of fields that are no part of the JSON, the doc comment says so.
package counts

// Counts is what one process, or all processes together, have counted in the measured
// part.
type Counts struct {
	// Faults has a row for each fault: what was asked and what was delivered.
	Faults []Fault `json:"faults"`
	// Policies tells what the services did about their needs, Capacities how full
	// those with a bound were.
	Policies []Policy `json:"policies"`
	// How full the services with a bound were, in the measured part.
	Capacities []Capacity `json:"capacities"`
	// Bootstraps tells of each copy, each time that its process started, what it read
	// until it had caught up.
	Bootstraps []Bootstrap `json:"bootstraps,omitempty"`
	Bus
}

// Bus is what was counted of events.
type Bus struct {
	// Events counts the events that the bus acknowledged and that the requests and writes
	// of the measured part led to.
	Events int64 `json:"events"`
	// LateReplies counts bus replies that arrived after their requester gave up.
	LateReplies int64 `json:"late_replies"`
	// DeadLetters counts the events that could not be decoded and were set aside,
	// LostChanges the changes that a replica will never have, since their events
	// were dropped or could not be decoded. Neither keeps the warm-up out.
	DeadLetters int64 `json:"dead_letters"`
	// Changes that a replica will never have, since their events were dropped or could not be
	// decoded, warm-up included.
	LostChanges int64 `json:"lost_changes"`
	// LogLosses counts how often a reader found that a partition of the bus has lost
	// events that it had acknowledged; it then reads all of the partition again.
	LogLosses int64 `json:"log_losses,omitempty"`
}

// Add adds what another process, or the same one after a restart, has counted.
func (c *Counts) Add(other Counts) {
	c.Faults = addEach(c.Faults, other.Faults, Fault.key, (*Fault).add)
	c.Policies = addEach(c.Policies, other.Policies, Policy.key, (*Policy).add)
	c.Capacities = addEach(c.Capacities, other.Capacities, Capacity.key, (*Capacity).add)
	c.Bootstraps = append(c.Bootstraps, other.Bootstraps...)
	c.Bus.add(other.Bus)
}

func (b *Bus) add(other Bus) {
	b.Events += other.Events
	b.LateReplies += other.LateReplies
	b.DeadLetters += other.DeadLetters
	b.LostChanges += other.LostChanges
	b.LogLosses += other.LogLosses
}

// Restore fills the sums of a run that was written before they were kept, from what
// follows from them.
func (c *Counts) Restore() {
	for i := range c.Faults {
		c.Faults[i].restore()
	}
	for i := range c.Capacities {
		c.Capacities[i].restore()
	}
}

// addEach adds each row of more to that of sum which has the same key, or appends it.
func addEach[T any, K comparable](sum, more []T, key func(T) K, add func(to *T, row T)) []T {
next:
	for _, row := range more {
		for i := range sum {
			if key(sum[i]) == key(row) {
				add(&sum[i], row)
				continue next
			}
		}
		sum = append(sum, row)
	}
	return sum
}
