package fault

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	"crosstalk/internal/setting"
)

// Failure is a code and the share of the interactions that fail with it.
type Failure struct {
	Code codes.Code
	Rate setting.Share
}

// Aborts is how interactions fail: each code once, in the order of their numbers,
// and the shares add up to at most 1. The zero value is not at all.
type Aborts []Failure

// UnmarshalText reads shares with the codes they are for, by commas: 0.05, 5%,
// UNAVAILABLE:5% or UNAVAILABLE:5%,INTERNAL:1%. A share without a code is for
// UNAVAILABLE. Their order does not matter, and what has no share is left out.
func (a *Aborts) UnmarshalText(text []byte) error {
	var next Aborts
	seen := make(map[codes.Code]bool)
	for piece := range strings.SplitSeq(string(text), ",") {
		abort, err := newAbortOf(piece)
		if err != nil {
			return err
		}
		if seen[abort.Code] {
			return fmt.Errorf("%q has %s twice", text, CodeName(abort.Code))
		}
		seen[abort.Code] = true
		if abort.Rate > 0 {
			next = append(next, abort)
		}
	}
	slices.SortFunc(next, func(x, y Failure) int { return cmp.Compare(x.Code, y.Code) })
	sum := 0.0
	for _, abort := range next {
		sum += float64(abort.Rate)
	}
	// Shares such as 0.1 may add up to a hair more than what they are.
	if sum > 1+1e-12 {
		return fmt.Errorf("%q adds up to %v%%, above 100%%", text, sum*100)
	}
	*a = next
	return nil
}

func newAbortOf(text string) (Failure, error) {
	abort := Failure{Code: codes.Unavailable}
	name, rate, coded := strings.Cut(text, ":")
	if !coded {
		rate = text
	} else {
		var err error
		if abort.Code, err = codeOf(strings.TrimSpace(name)); err != nil {
			return abort, err
		}
	}
	return abort, abort.Rate.UnmarshalText([]byte(strings.TrimSpace(rate)))
}

// String returns the shortest text that UnmarshalText reads as a; no aborts are 0.
func (a Aborts) String() string {
	switch {
	case len(a) == 0:
		return "0"
	case len(a) == 1 && a[0].Code == codes.Unavailable:
		return a[0].Rate.String()
	}
	parts := make([]string, len(a))
	for i, abort := range a {
		parts[i] = CodeName(abort.Code) + ":" + abort.Rate.String()
	}
	return strings.Join(parts, ",")
}

// MarshalText returns String.
func (a Aborts) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

func (a Aborts) index(code codes.Code) int {
	return slices.IndexFunc(a, func(abort Failure) bool { return abort.Code == code })
}
