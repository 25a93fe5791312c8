package experiment

import (
	"fmt"
	"strconv"
	"strings"

	"crosstalk/internal/policy"
	"crosstalk/internal/setting"
)

// Fanout is how a service fetches its needs.
type Fanout string

// The fan-outs.
const (
	Parallel   Fanout = "parallel"
	Sequential Fanout = "sequential"
)

// UnmarshalText reads "parallel" or "sequential".
func (f *Fanout) UnmarshalText(text []byte) error {
	switch v := Fanout(text); v {
	case Parallel, Sequential:
		*f = v
		return nil
	}
	return fmt.Errorf("unknown fanout %q: parallel or sequential", text)
}

// MarshalText returns the fan-out's name.
func (f Fanout) MarshalText() ([]byte, error) { return []byte(f), nil }

// Placement is where the services run.
type Placement string

// The placements.
const (
	InProcess Placement = "in-process" // as goroutines of the driver's process
	Processes Placement = "process"    // each as a child process of the driver
)

// UnmarshalText reads "in-process" or "process".
func (p *Placement) UnmarshalText(text []byte) error {
	switch v := Placement(text); v {
	case InProcess, Processes:
		*p = v
		return nil
	}
	return fmt.Errorf("unknown placement %q: in-process or process", text)
}

// MarshalText returns the placement's name.
func (p Placement) MarshalText() ([]byte, error) { return []byte(p), nil }

// WriteRate is the writes due per second: a number of them, or a share of the
// rate of reads, such as "10%".
type WriteRate struct {
	Rate  setting.Rate
	Share setting.Share
}

// Of returns the writes per second beside that rate of reads.
func (w WriteRate) Of(rate float64) float64 {
	return float64(w.Rate) + float64(w.Share)*rate
}

// UnmarshalText reads a share that ends in "%", or a rate.
func (w *WriteRate) UnmarshalText(text []byte) error {
	var v WriteRate
	var err error
	if strings.HasSuffix(strings.TrimSpace(string(text)), "%") {
		err = v.Share.UnmarshalText(text)
	} else {
		err = v.Rate.UnmarshalText(text)
	}
	if err != nil {
		return err
	}
	*w = v
	return nil
}

// MarshalText returns the form that UnmarshalText reads.
func (w WriteRate) MarshalText() ([]byte, error) {
	if w.Share == 0 {
		return w.Rate.MarshalText()
	}
	text := w.Share.String()
	if !strings.HasSuffix(text, "%") { // as 1, which would be read as a rate
		text = strconv.FormatFloat(float64(w.Share)*100, 'g', -1, 64) + "%"
	}
	return []byte(text), nil
}

// Need is an upstream that a service depends on.
type Need struct {
	Service string
	// Link is the scenario whose link this need has in every distributed
	// topology; empty is that of the scenario that runs.
	Link string
	// Policy is what is done about this need; nil is what the service does about
	// all of its needs.
	Policy *policy.Policy
}

// UnmarshalText reads "B", "B:async-replicated" for a need whose link is fixed,
// and either with a policy behind it, as in "B timeout=50ms retry=2".
func (n *Need) UnmarshalText(text []byte) error {
	name, rest, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	service, link, fixed := strings.Cut(name, ":")
	if service == "" || fixed && link == "" {
		return fmt.Errorf("%q is not a need: write SERVICE or SERVICE:SCENARIO, and a policy behind it", text)
	}
	next := Need{Service: service, Link: link}
	if rest = strings.TrimSpace(rest); rest != "" {
		next.Policy = new(policy.Policy)
		if err := next.Policy.UnmarshalText([]byte(rest)); err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
	}
	*n = next
	return nil
}

// MarshalText returns the form that UnmarshalText reads.
func (n Need) MarshalText() ([]byte, error) {
	text := n.Service
	if n.Link != "" {
		text += ":" + n.Link
	}
	if n.Policy != nil {
		text += " " + n.Policy.String()
	}
	return []byte(text), nil
}
