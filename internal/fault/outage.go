package fault

import (
	"fmt"
	"math"
	"strings"
	"time"

	"crosstalk/internal/setting"
)

// Window is when a fault acts, counted from the start of the measured part.
type Window struct {
	Start  time.Duration
	Length time.Duration
}

// Outage is a window in which a service is away. This package only describes it:
// who runs the service carries it out.
type Outage struct {
	Service string
	Window
}

// UnmarshalText reads SERVICE@START+LENGTH, such as B@10s+5s. The length is above
// 0, and the end must be a time.Duration.
func (o *Outage) UnmarshalText(text []byte) error {
	service, window, ok := strings.Cut(string(text), "@")
	start, length, ok2 := strings.Cut(window, "+")
	service = strings.TrimSpace(service)
	if !ok || !ok2 || !setting.IsName(service) {
		return fmt.Errorf("%q is not an outage SERVICE@START+LENGTH, such as B@10s+5s", text)
	}
	next := Outage{Service: service}
	var err error
	if next.Start, err = duration(start); err != nil {
		return fmt.Errorf("outage %q: start: %w", text, err)
	}
	if next.Length, err = duration(length); err != nil {
		return fmt.Errorf("outage %q: length: %w", text, err)
	}
	if next.Length == 0 {
		return fmt.Errorf("outage %q: the length must be above 0", text)
	}
	if next.Start > math.MaxInt64-next.Length {
		return fmt.Errorf("outage %q: the end is too late", text)
	}
	*o = next
	return nil
}

func duration(text string) (time.Duration, error) {
	var d setting.Duration
	err := d.UnmarshalText([]byte(strings.TrimSpace(text)))
	return time.Duration(d), err
}

// String returns the text that UnmarshalText reads as o.
func (o Outage) String() string {
	return fmt.Sprintf("%s@%s+%s", o.Service, setting.Duration(o.Start), setting.Duration(o.Length))
}

// MarshalText returns String.
func (o Outage) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Within returns an error if the outage ends after a run of that length.
func (o Outage) Within(run time.Duration) error {
	if end := o.Start + o.Length; end > run {
		return fmt.Errorf("outage %q ends at %s, past the end of the run at %s", o, setting.Duration(end), setting.Duration(run))
	}
	return nil
}

// Outages is a list of outages, in the order in which they were written.
type Outages []Outage

// UnmarshalText reads outages by commas; no text is none.
func (o *Outages) UnmarshalText(text []byte) error {
	var next Outages
	if strings.TrimSpace(string(text)) != "" {
		for piece := range strings.SplitSeq(string(text), ",") {
			var outage Outage
			if err := outage.UnmarshalText([]byte(strings.TrimSpace(piece))); err != nil {
				return err
			}
			next = append(next, outage)
		}
	}
	*o = next
	return nil
}

// String returns the outages by commas.
func (o Outages) String() string {
	parts := make([]string, len(o))
	for i, outage := range o {
		parts[i] = outage.String()
	}
	return strings.Join(parts, ",")
}

// MarshalText returns String.
func (o Outages) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
