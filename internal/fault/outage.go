package fault

import (
	"fmt"
	"strings"

	"crosstalk/internal/setting"
)

var away = Definition{
	Kind: Outage, Argument: Windowed, TakesAway: true,
	Doc:   "away: connections are refused, consumers stop",
	Docs:  map[Part]string{Bus: "no connection to the bus"},
	Parts: map[Part]string{Service: "", Bus: ""},
	Act: func(n Node, at Part) (begin, end func() error) {
		if at == Bus {
			return n.CutBus, n.MendBus
		}
		return n.GoDown, n.ComeUp
	},
}

// Outages is the short form of outages of services, in the order in which they
// were written. Who runs a service carries its outages out.
type Outages []Fault

// UnmarshalText reads SERVICE@START+LENGTH by commas, such as B@10s+5s; no text
// is none.
func (o *Outages) UnmarshalText(text []byte) error {
	var next Outages
	if strings.TrimSpace(string(text)) != "" {
		for piece := range strings.SplitSeq(string(text), ",") {
			outage, err := outageOf(strings.TrimSpace(piece))
			if err != nil {
				return err
			}
			next = append(next, outage)
		}
	}
	*o = next
	return nil
}

func outageOf(text string) (Fault, error) {
	service, window, ok := strings.Cut(text, "@")
	service = strings.TrimSpace(service)
	if !ok || !strings.Contains(window, "+") || !setting.IsName(service) {
		return Fault{}, fmt.Errorf("%q is not an outage SERVICE@START+LENGTH, such as B@10s+5s", text)
	}
	f := Fault{Target: Target{Service: service}, Kind: Outage}
	if err := f.Window.UnmarshalText([]byte(window)); err != nil {
		return Fault{}, fmt.Errorf("outage %q: %w", text, err)
	}
	return f, nil
}

// String returns the outages by commas.
func (o Outages) String() string {
	parts := make([]string, len(o))
	for i, outage := range o {
		parts[i] = outage.Target.Service + "@" + outage.Window.String()
	}
	return strings.Join(parts, ",")
}

// MarshalText returns String.
func (o Outages) MarshalText() ([]byte, error) { return []byte(o.String()), nil }
