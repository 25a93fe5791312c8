package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// Share is a part of a whole, in [0, 1].
type Share float64

// UnmarshalText reads a fraction such as 0.05 or a percentage such as 5%. Both
// give the same value: 5% is the number nearest to 0.05.
func (s *Share) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	shift := 0
	if percent {
		shift = -2
	}
	v, err := decimal(number, shift)
	if err != nil {
		return fmt.Errorf("%q is not a share such as 0.05 or 5%%", text)
	}
	if v < 0 || v > 1 {
		return fmt.Errorf("%q is not a share from 0 to 1, or from 0%% to 100%%", text)
	}
	*s = Share(v)
	return nil
}

// MarshalText returns String.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns the shortest text that UnmarshalText reads as s: a percentage,
// unless the fraction is shorter, as 0 and 1 are.
func (s Share) String() string {
	fraction := strconv.FormatFloat(float64(s), 'g', -1, 64)
	if p := percentage(float64(s)); len(p) <= len(fraction) {
		return p
	}
	return fraction
}

// percentage moves the decimal point in the text: 100 times the number would
// round, and 0.07 would be 7.000000000000001%.
func percentage(v float64) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), ".")
	for len(fraction) < 2 {
		fraction += "0"
	}
	whole = strings.TrimLeft(whole+fraction[:2], "0")
	if whole == "" {
		whole = "0"
	}
	if fraction = fraction[2:]; fraction != "" {
		whole += "." + fraction
	}
	return whole + "%"
}
