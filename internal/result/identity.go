package result

import (
	"crypto/rand"
	"fmt"
	"time"
)

// NewID returns an identity for a run, which no other one has.
func NewID() string { return rand.Text() }

// Identities tells which executions a run's figures are of: its own, or, of a merged
// run, those of its parts. Two runs with one in common count the same requests.
//
// A run from before there were ids has the moment of its start for one, with what tells
// the drivers apart that started together; of one that was merged then, it is that of
// its first part.
func (r *Run) Identities() []string {
	switch {
	case len(r.Parts) > 0:
		return r.Parts
	case r.ID != "":
		return []string{r.ID}
	}
	return []string{fmt.Sprintf("%s/%s/driver %d/seed %q", r.Scenario, r.Started.UTC().Format(time.RFC3339Nano), r.Attached, r.Experiment.Text("seed"))}
}
