package dist

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

const known = "none, a latency such as 5ms, constant(LATENCY), lognormal(MEDIAN,P99), uniform(LOW,HIGH), " +
	"exponential(MEAN), pareto(SCALE,SHAPE) or a list LATENCY:PERCENT,..."

// UnmarshalText reads a distribution:
//
//	none                  no latency
//	5ms, constant(5ms)    always the same
//	lognormal(5ms,40ms)   by median and 99th percentile
//	uniform(1ms,9ms)      between two bounds
//	exponential(5ms)      by mean
//	pareto(1ms,1.5)       by scale, which is the least latency, and shape
//	150us:10,2ms:5        150 µs for 10 % of the interactions, 2 ms for 5 %
//
// White space around a part does not matter. What is never above 0 is none. On
// an error, d is left as it was.
func (d *Distribution) UnmarshalText(text []byte) error {
	law, err := parse(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	d.law = law
	return nil
}

func parse(text string) (law, error) {
	name, rest, call := strings.Cut(text, "(")
	switch {
	case text == "none":
		return nil, nil
	case call:
		args, closed := strings.CutSuffix(rest, ")")
		if !closed {
			return nil, errors.New("there is no closing parenthesis at the end")
		}
		return parseCall(strings.TrimSpace(name), args)
	case strings.HasSuffix(text, ")"):
		return nil, errors.New("there is no opening parenthesis")
	case strings.ContainsAny(text, ":,"):
		return newList(text)
	case startsWithDigit(text):
		return parseCall("constant", text)
	}
	return nil, fmt.Errorf("unknown distribution: write %s", known)
}

func parseCall(name, args string) (law, error) {
	switch name {
	case "constant":
		return newConstant(args)
	case "uniform":
		return newUniform(args)
	case "exponential":
		return newExponential(args)
	case "lognormal":
		return newLognormal(args)
	case "pareto":
		return newPareto(args)
	}
	return nil, fmt.Errorf("unknown distribution %q: write %s", name, known)
}

func newConstant(args string) (law, error) {
	v, err := durations(args, "LATENCY")
	if err != nil || v[0] == 0 {
		return nil, err
	}
	return constant{v[0]}, nil
}

func newUniform(args string) (law, error) {
	v, err := durations(args, "LOW", "HIGH")
	if err != nil {
		return nil, err
	}
	if v[1] < v[0] {
		return nil, fmt.Errorf("the upper bound %s is below the lower bound %s", format(v[1]), format(v[0]))
	}
	if v[1] == 0 {
		return nil, nil
	}
	return uniform{v[0], v[1]}, nil
}

func newExponential(args string) (law, error) {
	v, err := durations(args, "MEAN")
	if err != nil {
		return nil, err
	}
	if v[0] == 0 {
		return nil, errors.New("the mean must be above 0")
	}
	return exponential{v[0]}, nil
}

func newLognormal(args string) (law, error) {
	v, err := durations(args, "MEDIAN", "P99")
	switch {
	case err != nil:
		return nil, err
	case v[0] == 0:
		return nil, errors.New("the median must be above 0")
	case v[1] < v[0]:
		return nil, fmt.Errorf("the p99 %s is below the median %s", format(v[1]), format(v[0]))
	}
	return lognormalOf(v[0], v[1]), nil
}

func newPareto(args string) (law, error) {
	parts, err := split(args, "SCALE", "SHAPE")
	if err != nil {
		return nil, err
	}
	scale, err := duration(parts[0])
	if err != nil {
		return nil, err
	}
	shape, err := number(parts[1])
	switch {
	case err != nil:
		return nil, err
	case scale == 0:
		return nil, errors.New("the scale must be above 0")
	case shape <= 0:
		return nil, fmt.Errorf("the shape %v is not above 0", shape)
	}
	return pareto{scale, shape}, nil
}

func durations(args string, names ...string) ([]time.Duration, error) {
	parts, err := split(args, names...)
	if err != nil {
		return nil, err
	}
	values := make([]time.Duration, len(parts))
	for i, part := range parts {
		if values[i], err = duration(part); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func split(args string, names ...string) ([]string, error) {
	parts := strings.Split(args, ",")
	if len(parts) != len(names) || strings.TrimSpace(args) == "" {
		return nil, fmt.Errorf("the parentheses take (%s)", strings.Join(names, ","))
	}
	return parts, nil
}

func duration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	v, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a latency such as 5ms or 150us", text)
	case v < 0:
		return 0, fmt.Errorf("%s is negative", text)
	case v > Max:
		return 0, fmt.Errorf("%s is above the longest latency, 24h", text)
	}
	return v, nil
}

// format writes 150us, which every keyboard has, for 150µs.
func format(d time.Duration) string { return strings.Replace(d.String(), "µ", "u", 1) }

// startsWithDigit tells a latency, also a wrong one, from a name.
func startsWithDigit(text string) bool {
	return text != "" && strings.ContainsRune("0123456789.+-", rune(text[0]))
}
