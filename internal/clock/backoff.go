package clock

import "time"

// How long the parts of a run wait before they try again. Who waits and who predicts the
// waits have them from here, so that theory and the real thing cannot come apart.

// Of a publication, or a transaction of a copy, that failed: before the next
// attempt, doubled each time, from and up to.
const (
	RepublishFrom = 10 * time.Millisecond
	RepublishUpTo = time.Second
)

// Of a client of the bus that does not reach it: likewise. One publication is
// tried for PublishPatience; then the next one begins anew.
const (
	BusFrom         = 5 * time.Millisecond
	BusUpTo         = 250 * time.Millisecond
	PublishPatience = 10 * time.Second
)

// Of a gRPC client that has lost its service: from and up to, times a factor.
const (
	ReconnectFrom   = 50 * time.Millisecond
	ReconnectFactor = 1.6
	ReconnectUpTo   = 250 * time.Millisecond
)

// Of a reader of the bus.
const (
	// CommitInterval is how often it commits where it is: what came since is
	// delivered again after a rebalance.
	CommitInterval = time.Second
	// ReorderPatience is how long an event that is to come after the next one
	// waits for it.
	ReorderPatience = 100 * time.Millisecond
)
