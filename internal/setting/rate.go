package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// Rate is requests per second: finite, not negative.
type Rate float64

// UnmarshalText reads a number per second, such as 500 or 500/s, per minute, as
// 30000/m, or per hour, as 36000/h.
func (r *Rate) UnmarshalText(text []byte) error {
	number, unit, named := strings.Cut(string(text), "/")
	seconds := 1.0
	if named {
		switch strings.TrimSpace(unit) {
		case "s":
		case "m":
			seconds = 60
		case "h":
			seconds = 3600
		default:
			return fmt.Errorf("%q is not per second, minute or hour: write /s, /m or /h", text)
		}
	}
	v, err := decimal(number, 0)
	if err != nil {
		return fmt.Errorf("%q is not a rate such as 500, 500/s or 30000/m", text)
	}
	if v < 0 {
		return fmt.Errorf("%q is negative", text)
	}
	*r = Rate(v / seconds)
	return nil
}

// MarshalText returns String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String returns the rate per second, such as 500/s; no rate is 0.
func (r Rate) String() string {
	if r == 0 {
		return "0"
	}
	format := byte('f')
	if r < 1e-4 || r >= 1e15 {
		format = 'e'
	}
	return strconv.FormatFloat(float64(r), format, -1, 64) + "/s"
}
