package setting

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time, not negative, in Go's syntax: 1m30s, 500ms.
type Duration time.Duration

// UnmarshalText reads a duration with its unit.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 10s or 500ms", text)
	}
	if v < 0 {
		return fmt.Errorf("%v is negative", v)
	}
	*d = Duration(v)
	return nil
}

// MarshalText returns the shortest form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String leaves out the units that are 0: 1m, not 1m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Count is a whole number, not negative; 10_000 may be written for 10000.
type Count int

// UnmarshalText reads a whole number.
func (c *Count) UnmarshalText(text []byte) error {
	v, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(string(text)), "_", ""), 10, 32)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a whole number from 0 to %d", text, 1<<31-1)
	}
	*c = Count(v)
	return nil
}

// MarshalText returns the number.
func (c Count) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(c), 10), nil }

// Maybe is a Count whose 0 says nothing, and is written as nothing: what it counts
// has a default of its own.
type Maybe Count

// UnmarshalText reads a whole number, or nothing.
func (m *Maybe) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" {
		*m = 0
		return nil
	}
	return (*Count)(m).UnmarshalText(text)
}

// MarshalText returns the number, or nothing.
func (m Maybe) MarshalText() ([]byte, error) {
	if m == 0 {
		return nil, nil
	}
	return Count(m).MarshalText()
}

// Seed is what random decisions are functions of.
type Seed uint64

// UnmarshalText reads a whole number, not negative.
func (s *Seed) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a whole number from 0 to %d", text, uint64(1<<64-1))
	}
	*s = Seed(v)
	return nil
}

// MarshalText returns the number.
func (s Seed) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(s), 10), nil }

// List is words by commas, none of them empty.
type List []string

// UnmarshalText reads the words; no text is no words.
func (l *List) UnmarshalText(text []byte) error {
	var words List
	if strings.TrimSpace(string(text)) != "" {
		for word := range strings.SplitSeq(string(text), ",") {
			if word = strings.TrimSpace(word); word == "" {
				return fmt.Errorf("%q has an empty part between its commas", text)
			}
			words = append(words, word)
		}
	}
	*l = words
	return nil
}

// MarshalText returns the words by commas.
func (l List) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

func (l List) String() string { return strings.Join(l, ",") }
