package sys

import (
	"os"
	"slices"
	"sync"
)

var registry struct {
	mu      sync.Mutex
	entries []*entry
	exiting bool
}

type entry struct{ do func() }

// AtExit has do called by RunAtExit, unless drop is called before. do may be called while
// whatever added it goes on. Once RunAtExit has begun, AtExit calls do itself.
func AtExit(do func()) (drop func()) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if registry.exiting {
		go do() // not here: the caller may hold what it needs
		return func() {}
	}
	e := &entry{do}
	registry.entries = append(registry.entries, e)
	return func() {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		registry.entries = slices.DeleteFunc(registry.entries, func(other *entry) bool { return other == e })
	}
}

// RemoveAtExit has a file, or a folder with all that is in it, removed by RunAtExit, unless drop is
// called before.
func RemoveAtExit(path string) (drop func()) {
	return AtExit(func() {
		// Others still write there: once more where a file appeared meanwhile.
		for range 10 {
			if os.RemoveAll(path) == nil {
				return
			}
		}
	})
}

// RunAtExit does what was added and not dropped, the last first. The program exits next.
func RunAtExit() {
	registry.mu.Lock()
	registry.exiting = true
	entries := registry.entries
	registry.entries = nil
	registry.mu.Unlock()
	for _, e := range slices.Backward(entries) {
		e.do()
	}
}
