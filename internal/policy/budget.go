package policy

import (
	"fmt"
	"strings"
	"time"

	"crosstalk/internal/setting"
)

// Budget bounds the retries and hedges of one dependency: a share of its calls, and
// Floor more each second, which lets a service that is rarely called try again too.
// The zero value is no bound.
type Budget struct {
	Share setting.Share
	Floor setting.Rate
}

// BudgetBurst is the most retries and hedges that a budget saves up for later. Over any
// time t with n calls at most Share·n + Floor·t + BudgetBurst of them are made.
const BudgetBurst = 10

func budgetOf(value string) (b Budget, err error) {
	share, floor, hasFloor := strings.Cut(value, "+")
	if err = b.Share.UnmarshalText([]byte(share)); err != nil {
		return b, fmt.Errorf("budget: %w", err)
	}
	if hasFloor {
		if err = b.Floor.UnmarshalText([]byte(floor)); err != nil {
			return b, fmt.Errorf("budget: %w", err)
		}
	}
	if b == (Budget{}) {
		return b, fmt.Errorf("budget: 0 allows nothing: leave retry and hedge out instead")
	}
	return b, nil
}

// String returns the text that is read as b, such as 20% or 20%+1/s.
func (b Budget) String() string {
	if b.Floor == 0 {
		return b.Share.String()
	}
	return b.Share.String() + "+" + b.Floor.String()
}

// Tokens is what is left of a budget, a token for each retry or hedge: a pure function
// of the calls and their times, so that services and the simulator share it. Nil is no
// bound. It is not safe for concurrent use.
//
// It is the token bucket of Finagle's and Linkerd's retry budgets, bounded by a number
// as in gRPC's retry throttling (gRFC A6), and empty at first.
type Tokens struct {
	Budget
	left    float64
	updated time.Duration
	started bool // the floor counts from the first call on
}

// NewTokens returns the tokens of a budget, and nil where it is no bound.
func NewTokens(b Budget) *Tokens {
	if b == (Budget{}) {
		return nil
	}
	return &Tokens{Budget: b}
}

// Called adds the share of a call.
func (t *Tokens) Called(now time.Duration) {
	if t != nil {
		t.add(now, float64(t.Share))
	}
}

// Take reports whether there is a token for a retry or a hedge, and takes it.
func (t *Tokens) Take(now time.Duration) bool {
	if t == nil {
		return true
	}
	t.add(now, 0)
	const rounding = 1e-9 // ten tenths add up to a hair less than one
	if t.left < 1-rounding {
		return false
	}
	t.left--
	return true
}

func (t *Tokens) add(now time.Duration, tokens float64) {
	if t.started {
		tokens += float64(t.Floor) * (now - t.updated).Seconds()
	}
	t.updated, t.started = now, true
	t.left = min(t.left+tokens, BudgetBurst)
}
