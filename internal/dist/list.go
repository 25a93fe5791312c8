package dist

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// list gives each of its latencies to a percentage of the interactions and none
// to the rest, as fortio's -delay does. It is sorted by latency, and no latency
// stands in it twice.
type list []part

type part struct {
	latency time.Duration
	percent float64
}

// percentFrom returns the percentage of interactions that get the i-th latency or
// a longer one.
func (l list) percentFrom(i int) float64 {
	sum := 0.0
	for _, p := range l[i:] {
		sum += p.percent
	}
	return sum
}

func (l list) quantile(p float64) float64 {
	for i := len(l) - 1; i >= 0; i-- {
		// A quotient of what was written, so that 1ms:5 begins above 0.95 exactly.
		if p > (100-l.percentFrom(i))/100 {
			return float64(l[i].latency)
		}
	}
	return 0
}

func (l list) mean() float64 {
	sum := 0.0
	for _, p := range l {
		sum += float64(p.latency) * p.percent / 100
	}
	return sum
}

func (l list) square() float64 {
	sum := 0.0
	for _, p := range l {
		sum += float64(p.latency) * float64(p.latency) * p.percent / 100
	}
	return sum
}

func (l list) String() string {
	parts := make([]string, len(l))
	for i, p := range l {
		parts[i] = fmt.Sprintf("%s:%v", format(p.latency), p.percent)
	}
	return strings.Join(parts, ",")
}

// newList reads LATENCY:PERCENT by commas. It is nil where nobody gets a latency.
func newList(text string) (law, error) {
	var l list
	for piece := range strings.SplitSeq(text, ",") {
		p, err := newPart(piece)
		if err != nil {
			return nil, err
		}
		if p.latency > 0 && p.percent > 0 {
			l = l.with(p)
		}
	}
	if len(l) == 0 {
		return nil, nil
	}
	slices.SortFunc(l, func(a, b part) int { return cmp.Compare(a.latency, b.latency) })
	// Percentages such as 33.3 may add up to a hair more than what they are.
	if sum := l.percentFrom(0); sum > 100+1e-9 {
		return nil, fmt.Errorf("the percentages add up to %v, above 100", sum)
	}
	return l, nil
}

// with adds a part, to the one of the same latency if there is one.
func (l list) with(p part) list {
	i := slices.IndexFunc(l, func(q part) bool { return q.latency == p.latency })
	if i < 0 {
		return append(l, p)
	}
	l[i].percent += p.percent
	return l
}

func newPart(text string) (part, error) {
	before, after, ok := strings.Cut(text, ":")
	if !ok {
		return part{}, fmt.Errorf("%q is not LATENCY:PERCENT, such as 2ms:5", strings.TrimSpace(text))
	}
	latency, err := duration(before)
	if err != nil {
		return part{}, err
	}
	percent, err := number(strings.TrimSuffix(strings.TrimSpace(after), "%"))
	if err != nil {
		return part{}, err
	}
	if percent < 0 || percent > 100 {
		return part{}, fmt.Errorf("%v is not a percentage from 0 to 100", percent)
	}
	return part{latency, percent}, nil
}

// number reads a finite decimal number.
func number(text string) (float64, error) {
	text = strings.TrimSpace(text)
	v, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%s is too large a number", text)
	}
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a finite number", text)
	}
	return v, nil
}
