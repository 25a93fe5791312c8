package experiment

import (
	"bytes"
	"encoding/json"

	"github.com/goccy/go-yaml"
)

// MarshalJSON gives the experiment the same names and values as in a file.
func (e Experiment) MarshalJSON() ([]byte, error) {
	text, err := yaml.Marshal(e)
	if err != nil {
		return nil, err
	}
	return yaml.YAMLToJSON(text)
}

// UnmarshalJSON reads what MarshalJSON writes. A setting that is missing, as in a run from
// before there was it, has its zero value.
func (e *Experiment) UnmarshalJSON(data []byte) error {
	f, err := ReadFile("experiment", data)
	if err != nil {
		return err
	}
	var next Experiment
	f.dropEmpty()
	if err := f.Decode(&next); err != nil {
		return err
	}
	*e = next
	return nil
}

// Written is a setting as its flag and a file write it; that of services is JSON.
type Written struct{ Name, Value string }

// Written lists all settings, in the order of the help, and the services behind them.
// Those that are empty have no value.
func (e Experiment) Written() []Written {
	var out []Written
	for _, s := range e.Settings() {
		text, _ := s.Value.MarshalText() // a value that was read can be written
		out = append(out, Written{s.Name, string(text)})
	}
	return append(out, Written{"services", e.graph()})
}

// Text is a setting as its flag writes it; empty if there is no such setting.
func (e Experiment) Text(name string) string {
	for _, w := range e.Written() {
		if w.Name == name {
			return w.Value
		}
	}
	return ""
}

// graph is the services as JSON; empty where there are none.
func (e Experiment) graph() string {
	if len(e.Services) == 0 {
		return ""
	}
	text, err := yaml.Marshal(e.Services)
	if err == nil {
		text, err = yaml.YAMLToJSON(text)
	}
	var compact bytes.Buffer
	if err == nil {
		err = json.Compact(&compact, text)
	}
	if err != nil {
		return ""
	}
	return compact.String()
}

var (
	_ json.Marshaler   = Experiment{}
	_ json.Unmarshaler = (*Experiment)(nil)
)
