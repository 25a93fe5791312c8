package load

import (
	"cmp"
	"maps"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// WriteFailure tells failed writes apart: whose they were, and with which code.
type WriteFailure struct {
	Service string
	Code    codes.Code
}

// FailedWrites is how many writes failed alike, and the error of the first of them.
type FailedWrites struct {
	Count int64
	First error
}

// writeFailures counts the failed writes of the measured part. The zero value is
// empty; it is safe for concurrent use.
type writeFailures struct {
	mu sync.Mutex
	by map[WriteFailure]FailedWrites
}

func (f *writeFailures) add(service string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.by == nil {
		f.by = make(map[WriteFailure]FailedWrites)
	}
	alike := WriteFailure{service, status.Code(err)}
	before := f.by[alike]
	f.by[alike] = FailedWrites{before.Count + 1, cmp.Or(before.First, err)}
}

// WriteFailures returns the writes of the measured part that have failed; nil where
// none has.
func (d *Driver) WriteFailures() map[WriteFailure]FailedWrites {
	d.failedWrites.mu.Lock()
	defer d.failedWrites.mu.Unlock()
	return maps.Clone(d.failedWrites.by)
}
