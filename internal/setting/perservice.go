package setting

import (
	"encoding"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PerService is a value for each service: a default, exceptions, or both. The
// zero value has neither. *T must be an encoding.TextUnmarshaler and a
// TextMarshaler. No value's text may be empty, hold a piece that begins with NAME=
// or have parentheses that do not match.
type PerService[T any] struct {
	// Default is for the services that By does not name, if HasDefault.
	Default    T
	HasDefault bool
	// By has the exceptions by service; nil where there are none.
	By map[string]T
}

// worded is a value whose text has parts that look like NAME=: Words returns their
// names, which then can be no service's.
type worded interface{ Words() []string }

// For returns the value of a service: its exception, or else the default. It is
// not ok where there is neither.
func (p PerService[T]) For(service string) (value T, ok bool) {
	if v, ok := p.By[service]; ok {
		return v, true
	}
	return p.Default, p.HasDefault
}

// Names returns the services that are exceptions, sorted. Whether they exist is
// for the caller to check.
func (p PerService[T]) Names() []string { return slices.Sorted(maps.Keys(p.By)) }

// UnmarshalText reads VALUE, A=VALUE,B=VALUE or VALUE,B=VALUE. A value may hold
// commas: only a piece that begins with NAME= begins another service's value, and
// commas inside parentheses part nothing. The text says it all: nothing remains
// of what p was before. No text is no values.
func (p *PerService[T]) UnmarshalText(text []byte) error {
	var next PerService[T]
	if strings.TrimSpace(string(text)) == "" {
		*p = next
		return nil
	}
	var value T
	var words []string
	if w, ok := any(value).(worded); ok {
		words = w.Words()
	}
	for _, e := range entries(string(text), words) {
		if err := next.add(e); err != nil {
			return err
		}
	}
	*p = next
	return nil
}

func (p *PerService[T]) add(e entry) error {
	if _, twice := p.By[e.service]; twice {
		return fmt.Errorf("%s is named twice", e.service)
	}
	var value T
	if err := unmarshal(&value, e.value); err != nil {
		if e.service != "" {
			return fmt.Errorf("%s: %w", e.service, err)
		}
		return err
	}
	if e.service == "" {
		p.Default, p.HasDefault = value, true
		return nil
	}
	if p.By == nil {
		p.By = make(map[string]T)
	}
	p.By[e.service] = value
	return nil
}

// MarshalText returns the default and then the exceptions, sorted by service.
func (p PerService[T]) MarshalText() ([]byte, error) {
	var parts []string
	if p.HasDefault {
		text, err := marshal(&p.Default)
		if err != nil {
			return nil, err
		}
		parts = append(parts, text)
	}
	for _, name := range p.Names() {
		value := p.By[name]
		text, err := marshal(&value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		parts = append(parts, name+"="+text)
	}
	return []byte(strings.Join(parts, ",")), nil
}

// T is asked at run time and not by a constraint: one that names *T would be a
// second type parameter, to be written out at each use.
func unmarshal(value any, text string) error {
	u, ok := value.(encoding.TextUnmarshaler)
	if !ok {
		return fmt.Errorf("%T cannot be read from text", value)
	}
	return u.UnmarshalText([]byte(text))
}

func marshal(value any) (string, error) {
	m, ok := value.(encoding.TextMarshaler)
	if !ok {
		return "", fmt.Errorf("%T cannot be written as text", value)
	}
	text, err := m.MarshalText()
	return string(text), err
}
