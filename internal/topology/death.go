package topology

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Death is a process of the run that has ended though nobody asked it to.
type Death struct {
	Name string
	// Err is how.
	Err error
	// Said is the end of what it said on stderr, up to a megabyte of it: where it
	// panicked, all goroutines.
	Said []byte
}

func (d Death) Error() string {
	text := fmt.Sprintf("%s has ended by itself, %v", d.Name, d.Err)
	if why := complaint(d.Said); why != "" {
		text += ": " + why
	}
	return text
}

// deaths are those of a topology.
type deaths struct {
	mu   sync.Mutex
	dead []Death
}

// together is for how long others are awaited who die of the same: one reason names all.
const together = 100 * time.Millisecond

// died ends the run, with the names of all that die together with the first one.
func (t *Topology) died(d Death) {
	t.deaths.mu.Lock()
	defer t.deaths.mu.Unlock()
	t.deaths.dead = append(t.deaths.dead, d)
	if len(t.deaths.dead) == 1 {
		time.AfterFunc(together, func() {
			var all []string
			for _, d := range t.Dead() {
				all = append(all, d.Error())
			}
			t.Fail(errors.New(strings.Join(all, "; ")))
		})
	}
}

// Dead are the processes that have ended by themselves.
func (t *Topology) Dead() []Death {
	t.deaths.mu.Lock()
	defer t.deaths.mu.Unlock()
	return slices.Clone(t.deaths.dead)
}

// beginnings are those of the lines by which a program of ours, or of Go's, says why it
// ends. What follows them are goroutines, and what comes before are log lines.
var beginnings = [][]byte{[]byte("bench: "), []byte("panic: "), []byte("fatal error: "), []byte("SIG")}

// complaint is the line by which a process said why it ended; empty where it said
// nothing.
func complaint(said []byte) string {
	for line := range bytes.Lines(said) {
		for _, b := range beginnings {
			if bytes.HasPrefix(line, b) {
				return string(bytes.TrimSpace(bytes.TrimPrefix(line, beginnings[0])))
			}
		}
	}
	return ""
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// lastWords is how much is kept of what a process says.
const lastWords = 1 << 20

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > 2*lastWords { // not with each line: it is copied
		t.text = append(t.text[:0], t.text[len(t.text)-lastWords:]...)
	}
	return len(p), nil
}

func (t *tail) all() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.text[max(len(t.text)-lastWords, 0):])
}

// lastLine is for who has said too little to look for a reason in it.
func (t *tail) lastLine() string {
	lines := bytes.Split(bytes.TrimSpace(t.all()), []byte("\n"))
	return string(lines[len(lines)-1])
}
