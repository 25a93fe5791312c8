package fault

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crosstalk/internal/dist"
	"crosstalk/internal/setting"
)

// Fault is one thing that is asked to go wrong. Of Share, Aborts, Delay and
// Factor, the one that its kind needs is set.
type Fault struct {
	Target Target
	Kind   Kind
	Window Window

	Share  setting.Share
	Aborts Aborts
	Delay  dist.Distribution
	// Factor is how many times the work takes: at least 1.
	Factor float64
}

// UnmarshalText reads TARGET:KIND, TARGET:KIND=VALUE and each of them with
// @START+LENGTH behind it:
//
//	A:delay=lognormal(5ms,50ms)   B:abort=UNAVAILABLE:5%   *:hang=1%
//	B:slow=10@3s+2s               B:outage@3s+2s           A:freeze@1s+500ms
//	bus:drop=1%                   bus:outage@3s+2s         D.store:delay=5ms
//	A.events:poison=1%            B:kill@10s restart=2s    B:stop@10s+2s
//
// A process that is killed or stopped is started again when its window ends; the
// window may be written @START restart=LENGTH, and its length is 2s by default.
func (f *Fault) UnmarshalText(text []byte) error {
	next, err := parse(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("fault %q: %w", text, err)
	}
	*f = next
	return nil
}

func parse(text string) (Fault, error) {
	var f Fault
	target, rest, ok := strings.Cut(text, ":")
	if !ok {
		return f, fmt.Errorf("write TARGET:KIND=VALUE@START+LENGTH, such as B:slow=10@3s+2s")
	}
	if err := f.Target.UnmarshalText([]byte(strings.TrimSpace(target))); err != nil {
		return f, err
	}
	rest, window, windowed := strings.Cut(rest, "@")
	kind, value, valued := strings.Cut(rest, "=")
	f.Kind = Kind(strings.TrimSpace(kind))
	if windowed && f.Kind.Signals() {
		window = untilRestart(window)
	}
	if windowed {
		if err := f.Window.UnmarshalText([]byte(window)); err != nil {
			return f, err
		}
	}
	arg := f.Kind.Argument()
	switch {
	case !f.Kind.definition().Hits(f.Target.Part):
		return f, fmt.Errorf("%s cannot have %q: %s", f.Target, f.Kind, listed(f.Target.Part.Kinds()))
	case arg == Windowed && valued:
		return f, fmt.Errorf("%s takes no value", f.Kind)
	case arg == Windowed && !windowed:
		return f, fmt.Errorf("%s needs a window, such as %s:%s@3s+2s", f.Kind, f.Target, f.Kind)
	case arg != Windowed && !valued:
		return f, fmt.Errorf("%s needs a value", f.Kind)
	}
	return f, f.setValue(arg, strings.TrimSpace(value))
}

// restartAfter is how long a process is away where nothing says when it is started
// again.
const restartAfter = "2s"

// untilRestart returns a window as START+LENGTH.
func untilRestart(text string) string {
	start, restart, given := strings.Cut(text, "restart=")
	switch {
	case given:
		return strings.TrimRight(start, " ,") + "+" + restart
	case strings.Contains(text, "+"):
		return text
	}
	return text + "+" + restartAfter
}

func (f *Fault) setValue(arg Argument, text string) error {
	switch arg {
	case Ratio:
		return f.Share.UnmarshalText([]byte(text))
	case Codes:
		return f.Aborts.UnmarshalText([]byte(text))
	case Distribution:
		return f.Delay.UnmarshalText([]byte(text))
	case Factor:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= 1 && v <= 1e6) {
			return fmt.Errorf("%q is not a factor from 1 to 1000000", text)
		}
		f.Factor = v
	}
	return nil
}

// String returns the text that UnmarshalText reads as f.
func (f Fault) String() string {
	text := f.Target.String() + ":" + string(f.Kind)
	switch f.Kind.Argument() {
	case Ratio:
		text += "=" + f.Share.String()
	case Codes:
		text += "=" + f.Aborts.String()
	case Distribution:
		text += "=" + f.Delay.String()
	case Factor:
		text += "=" + strconv.FormatFloat(f.Factor, 'g', -1, 64)
	}
	if !f.Window.Always() {
		text += "@" + f.Window.String()
	}
	return text
}

// MarshalText returns String.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Within returns an error if the fault's window ends after a run of that length.
func (f Fault) Within(run time.Duration) error {
	if end := f.Window.End(); end > run {
		return fmt.Errorf("%s ends at %s, past the end of the run at %s", f, setting.Duration(end), setting.Duration(run))
	}
	return nil
}

// Clashes reports whether the two cannot act at once: they would take the same
// thing away twice, as a kill and a stop do.
func (f Fault) Clashes(other Fault) bool {
	same := f.Kind == other.Kind || f.Kind.Signals() && other.Kind.Signals()
	return f.Kind.Windowed() && same && f.Target == other.Target && f.Window.overlaps(other.Window)
}

// Faults is a list of faults, in the order in which they were written.
type Faults []Fault

// Separator is what stands between the faults: values may hold commas.
func (Faults) Separator() string { return ";" }

// UnmarshalText reads faults by semicolons; no text is none.
func (s *Faults) UnmarshalText(text []byte) error {
	var next Faults
	for piece := range strings.SplitSeq(string(text), ";") {
		if strings.TrimSpace(piece) == "" {
			continue
		}
		var f Fault
		if err := f.UnmarshalText([]byte(piece)); err != nil {
			return err
		}
		next = append(next, f)
	}
	*s = next
	return nil
}

// String returns the faults by semicolons.
func (s Faults) String() string {
	parts := make([]string, len(s))
	for i, f := range s {
		parts[i] = f.String()
	}
	return strings.Join(parts, ";")
}

// MarshalText returns String.
func (s Faults) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// At returns the faults of a part of a target, in their order.
func (s Faults) At(t Target) Faults {
	var out Faults
	for _, f := range s {
		if f.Target == t {
			out = append(out, f)
		}
	}
	return out
}

// Windows returns the faults that a window says all about: what has to be taken
// away and given back.
func (s Faults) Windows() Faults {
	var out Faults
	for _, f := range s {
		if f.Kind.Windowed() {
			out = append(out, f)
		}
	}
	return out
}

// For returns the faults with those that are meant for everyone written out, once
// for each of services.
func (s Faults) For(services []string) Faults {
	var out Faults
	for _, f := range s {
		if f.Target.Service != Everyone {
			out = append(out, f)
			continue
		}
		for _, service := range services {
			f.Target.Service = service
			out = append(out, f)
		}
	}
	return out
}
