// Package atexit keeps what a program still has to do where it exits at once, without
// returning from what it is doing: files that are not complete are removed, processes
// that it started are killed.
//
// What ends in order takes its entry back and does the work itself.
package atexit

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

// Add has do called by Run, unless drop is called before. do may be called while
// whatever added it goes on. Once Run has begun, Add calls do itself.
func Add(do func()) (drop func()) {
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

// Remove has a file, or a folder with all that is in it, removed by Run, unless drop is
// called before.
func Remove(path string) (drop func()) {
	return Add(func() {
		// Others still write there: once more where a file appeared meanwhile.
		for range 10 {
			if os.RemoveAll(path) == nil {
				return
			}
		}
	})
}

// Run does what was added and not dropped, the last first. The program exits next.
func Run() {
	registry.mu.Lock()
	registry.exiting = true
	entries := registry.entries
	registry.entries = nil
	registry.mu.Unlock()
	for _, e := range slices.Backward(entries) {
		e.do()
	}
}
