package fault

import (
	"fmt"
	"math"
	"strings"
	"time"

	"crosstalk/internal/setting"
)

// Window is when a fault acts, counted from the start of the measured part. The
// zero value is always, the warm-up included.
type Window struct {
	Start  time.Duration
	Length time.Duration
}

// Always reports whether there is no window.
func (w Window) Always() bool { return w.Length == 0 }

// End returns the moment from which the fault no longer acts.
func (w Window) End() time.Duration { return w.Start + w.Length }

// Contains reports whether the fault acts at a moment.
func (w Window) Contains(at time.Duration) bool {
	return w.Always() || w.Start <= at && at < w.End()
}

// overlaps reports whether both act at some moment.
func (w Window) overlaps(other Window) bool {
	return w.Always() || other.Always() || w.Start < other.End() && other.Start < w.End()
}

// UnmarshalText reads START+LENGTH, such as 10s+5s. The length is above 0, and
// the end must be a time.Duration.
func (w *Window) UnmarshalText(text []byte) error {
	start, length, ok := strings.Cut(string(text), "+")
	if !ok {
		return fmt.Errorf("%q is not a window START+LENGTH, such as 10s+5s", text)
	}
	var next Window
	var err error
	if next.Start, err = duration(start); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if next.Length, err = duration(length); err != nil {
		return fmt.Errorf("length: %w", err)
	}
	if next.Length == 0 {
		return fmt.Errorf("the length must be above 0")
	}
	if next.Start > math.MaxInt64-next.Length {
		return fmt.Errorf("the end is too late")
	}
	*w = next
	return nil
}

func duration(text string) (time.Duration, error) {
	var d setting.Duration
	err := d.UnmarshalText([]byte(strings.TrimSpace(text)))
	return time.Duration(d), err
}

// String returns the text that UnmarshalText reads as w; always has none.
func (w Window) String() string {
	if w.Always() {
		return ""
	}
	return setting.Duration(w.Start).String() + "+" + setting.Duration(w.Length).String()
}
