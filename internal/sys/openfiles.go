package sys

import "fmt"

// How many a run needs, counted on Linux and rounded up: with A, B, C and D in one process
// a run has at most 71 open with sync, 86 with async-replicated, 94 with async-request and
// 39 as a monolith, where OpenFilesNeeded says 112.
const (
	ownFiles   = 24 // of the process, the driver and the broker
	perService = 16 // its listeners, its database, the connections of its control
	perNeed    = 8  // both ends of the connections to the service, or to the bus
	perReader  = 4  // both ends, for each further partition of a topic
)

// OpenFileGraph is what the number depends on.
type OpenFileGraph struct {
	Services, Needs int
	// Partitions is that of each topic; 0 where there is no bus.
	Partitions int
}

// OpenFilesNeeded estimates how many files a run has open at once.
func OpenFilesNeeded(g OpenFileGraph) int {
	return ownFiles + perService*g.Services + perNeed*g.Needs + perReader*g.Needs*max(g.Partitions-1, 0)
}

// CheckOpenFiles returns an error, in one line, where the limit of the process is below what is
// needed. Go has raised the soft limit to the hard one when the program began.
func CheckOpenFiles(needed int) error {
	limit, ok := OpenFileLimit()
	if !ok || limit >= uint64(needed) {
		return nil
	}
	return fmt.Errorf("it needs some %d open files at once, and this process may have %d: raise the limit, as with ulimit -n 1024", needed, limit)
}
