// Package policy is what a caller does about an upstream that is slow, fails or
// is away: time out, try again, hedge, stop asking, answer with what it knows.
//
// Its law: a policy sits around one need of one caller and knows nothing of how
// the need is met, so it acts alike on calls, on bus requests and on a copy. The
// mechanisms are failsafe-go's; this package only says which, in which order,
// and counts what they did.
package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"crosstalk/internal/setting"
)

// Policy is what a caller does about one need. The zero value is nothing: one
// try, as long as the caller's own caller waits.
type Policy struct {
	// Timeout bounds each try; 0 = only the caller's own deadline does.
	Timeout time.Duration
	// Retry is how many tries may follow a failed one.
	Retry int
	// Backoff is the wait before a try that follows another: From before the
	// first of them, doubled each time, up to UpTo.
	Backoff Backoff
	// Budget bounds the retries and hedges.
	Budget Budget
	// Hedge is when a second try is started beside one that takes long.
	Hedge Hedge
	// Breaker is when the caller stops asking for a while.
	Breaker Breaker
	// Fallback answers, where all else failed, with the last record that was
	// received for the key.
	Fallback bool
}

// Backoff is a range of waits.
type Backoff struct{ From, UpTo time.Duration }

// Hedge is a fixed wait, or a quantile of what the tries have taken so far. The
// zero value does not hedge.
type Hedge struct {
	After    time.Duration
	Quantile float64
}

// Breaker opens when Rate of the last Count tries failed, and lets one through
// after Open. The zero value never opens.
type Breaker struct {
	Rate  setting.Share
	Count int
	Open  time.Duration
}

// IsZero reports whether the policy does nothing.
func (p Policy) IsZero() bool { return p == Policy{} }

// Words returns the names of a policy's parts: none of them can be a service's
// where policies are given per service.
func (Policy) Words() []string {
	return []string{"timeout", "retry", "backoff", "budget", "hedge", "breaker", "fallback"}
}

// UnmarshalText reads the parts, by spaces, in any order; none is no policy:
//
//	timeout=50ms           each try
//	retry=3                tries after the first one
//	backoff=5ms..50ms      before each of them, doubling; or backoff=5ms
//	budget=20%+1/s         most retries and hedges: a share of the calls, and so many a second
//	hedge=p95, hedge=20ms  a second try beside one that takes longer
//	breaker=50%/20/5s      stops asking for 5 s when 50 % of the last 20 failed
//	fallback=last-known    answers with the last record that it has seen
func (p *Policy) UnmarshalText(text []byte) error {
	var next Policy
	seen := make(map[string]bool)
	for _, word := range strings.Fields(string(text)) {
		name, value, ok := strings.Cut(word, "=")
		switch {
		case word == "none":
			continue
		case !ok:
			return fmt.Errorf("%q is not a part of a policy NAME=VALUE: %s", word, strings.Join(next.Words(), ", "))
		case seen[name]:
			return fmt.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if err := next.set(name, value); err != nil {
			return err
		}
	}
	if err := next.check(seen); err != nil {
		return err
	}
	*p = next
	return nil
}

func (p *Policy) set(name, value string) (err error) {
	switch name {
	case "timeout":
		p.Timeout, err = above0(name, value)
	case "retry":
		p.Retry, err = count(name, value, 1, 100)
	case "backoff":
		p.Backoff, err = backoffOf(value)
	case "budget":
		p.Budget, err = budgetOf(value)
	case "hedge":
		p.Hedge, err = hedgeOf(value)
	case "breaker":
		p.Breaker, err = breakerOf(value)
	case "fallback":
		if p.Fallback = value == "last-known"; !p.Fallback {
			err = fmt.Errorf("fallback: unknown %q: last-known", value)
		}
	default:
		err = fmt.Errorf("unknown part %q: %s", name, strings.Join(p.Words(), ", "))
	}
	return err
}

func (p *Policy) check(seen map[string]bool) error {
	switch {
	case seen["backoff"] && !seen["retry"]:
		return fmt.Errorf("backoff is for retries: add retry=N")
	case seen["budget"] && !seen["retry"] && !seen["hedge"]:
		return fmt.Errorf("budget is for retries and hedges: add retry=N or hedge=p95")
	}
	return nil
}

func above0(name, value string) (time.Duration, error) {
	var d setting.Duration
	if err := d.UnmarshalText([]byte(value)); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	if d == 0 {
		return 0, fmt.Errorf("%s: 0 is not above 0", name)
	}
	return time.Duration(d), nil
}

func count(name, value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%s: %q is not a whole number from %d to %d", name, value, low, high)
	}
	return n, nil
}

func backoffOf(value string) (Backoff, error) {
	from, upTo, ranged := strings.Cut(value, "..")
	var b Backoff
	var err error
	if b.From, err = above0("backoff", from); err != nil {
		return b, err
	}
	if b.UpTo = b.From; ranged {
		if b.UpTo, err = above0("backoff", upTo); err != nil {
			return b, err
		}
	}
	if b.UpTo < b.From {
		return b, fmt.Errorf("backoff: %v is below %v", b.UpTo, b.From)
	}
	return b, nil
}

func hedgeOf(value string) (Hedge, error) {
	percent, quantile := strings.CutPrefix(value, "p")
	if !quantile {
		after, err := above0("hedge", value)
		return Hedge{After: after}, err
	}
	v, err := strconv.ParseFloat(percent, 64)
	if err != nil || !(v > 0 && v < 100) {
		return Hedge{}, fmt.Errorf("hedge: %q is no percentile such as p95", value)
	}
	return Hedge{Quantile: v / 100}, nil
}

func breakerOf(value string) (Breaker, error) {
	parts := strings.Split(value, "/")
	if len(parts) != 3 {
		return Breaker{}, fmt.Errorf("breaker: %q is not RATE/COUNT/OPEN, such as 50%%/20/5s", value)
	}
	var b Breaker
	if err := b.Rate.UnmarshalText([]byte(parts[0])); err != nil || b.Rate == 0 {
		return b, fmt.Errorf("breaker: %q is not a share above 0", parts[0])
	}
	var err error
	if b.Count, err = count("breaker", parts[1], 1, 10_000); err != nil {
		return b, err
	}
	b.Open, err = above0("breaker", parts[2])
	return b, err
}

// Failures is how many of the last Count tries have to fail for it to open.
func (b Breaker) Failures() int {
	n := int(float64(b.Rate)*float64(b.Count) + 0.999999999)
	return max(n, 1)
}

// String returns the text that UnmarshalText reads as p; no policy is "none".
func (p Policy) String() string {
	var parts []string
	add := func(name, value string) { parts = append(parts, name+"="+value) }
	if p.Timeout > 0 {
		add("timeout", setting.Duration(p.Timeout).String())
	}
	if p.Retry > 0 {
		add("retry", strconv.Itoa(p.Retry))
	}
	if b := p.Backoff; b.From > 0 {
		text := setting.Duration(b.From).String()
		if b.UpTo != b.From {
			text += ".." + setting.Duration(b.UpTo).String()
		}
		add("backoff", text)
	}
	if p.Budget != (Budget{}) {
		add("budget", p.Budget.String())
	}
	switch h := p.Hedge; {
	case h.Quantile > 0:
		add("hedge", "p"+strconv.FormatFloat(h.Quantile*100, 'g', 10, 64))
	case h.After > 0:
		add("hedge", setting.Duration(h.After).String())
	}
	if b := p.Breaker; b.Count > 0 {
		add("breaker", b.Rate.String()+"/"+strconv.Itoa(b.Count)+"/"+setting.Duration(b.Open).String())
	}
	if p.Fallback {
		add("fallback", "last-known")
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, " ")
}

// MarshalText returns String.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
