package sys

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// HeadroomBytes is the least by which the heap grows between two collections.
const HeadroomBytes = 64_000_000

// HeadroomPercent is the least by which it grows in percent of what is alive: Go's default.
const HeadroomPercent = 100

// smallest is the heap that Go does not collect below at 100 %, in bytes: at n % it is
// n times as much (runtime, heapMinimum).
const smallest = 4 << 20

var keeping atomic.Bool

// KeepHeadroom has the collector leave that much, from now on until the process ends.
func KeepHeadroom() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" || keeping.Swap(true) {
		return
	}
	k := &keeper{marked: []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}}
	k.adjust()
	k.watch()
}

// KeptHeadroom is how much the collector leaves: HeadroomBytes, or 0 where it was not asked to.
func KeptHeadroom() int64 {
	if keeping.Load() {
		return HeadroomBytes
	}
	return 0
}

// keeper sets GOGC after each collection, by what that has found alive.
type keeper struct {
	marked  []metrics.Sample
	percent int
}

// watch has adjust called after the next collection, and after each that follows.
func (k *keeper) watch() {
	type sentinel struct{ _ [4]uintptr } // of a size of its own, so that it dies alone
	runtime.AddCleanup(new(sentinel), func(k *keeper) {
		k.adjust()
		k.watch()
	}, k)
}

func (k *keeper) adjust() {
	metrics.Read(k.marked)
	var marked uint64
	for _, m := range k.marked {
		marked += m.Value.Uint64()
	}
	// To set it stops everything for a moment: not for a difference that is none.
	if p := percentFor(marked); p*10 < k.percent*9 || p*10 > k.percent*11 {
		k.percent = p
		debug.SetGCPercent(p)
	}
}

// percentFor is the GOGC at which a heap with so many marked bytes grows by HeadroomBytes, and
// is no larger than that when it is next to nothing.
func percentFor(marked uint64) int {
	return int(max(HeadroomPercent, HeadroomBytes*100/max(marked, smallest)))
}
