package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// decimal reads a finite decimal number times 10^shift, rounded once. Infinities,
// NaN and hexadecimal numbers, which strconv would read, are refused.
func decimal(text string, shift int) (float64, error) {
	text = strings.TrimSpace(text)
	if strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, fmt.Errorf("%q is not a decimal number", text)
	}
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(text[i+1:]); err != nil {
			return 0, err
		}
		mantissa = text[:i]
	}
	v, err := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(exponent+shift), 64)
	return v + 0, err // + 0 makes −0 a 0
}
