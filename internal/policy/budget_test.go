package policy

import (
	"testing"
	"time"
)

// In the long run exactly the share of the calls and the floor, and never more than
// BudgetBurst above it.
func TestTokens(t *testing.T) {
	for _, c := range []struct {
		budget Budget
		calls  int // 1,000/s of them, each of which wants to try again until it may not
		want   int
	}{
		{Budget{0.1, 0}, 1000, 100},
		{Budget{0.3, 0}, 1000, 300},
		{Budget{0.00001, 0}, 1000, 0},
		{Budget{1, 0}, 1000, 1000},
		{Budget{0, 10}, 1001, 10},
		{Budget{0.1, 10}, 1001, 110},
	} {
		tokens := NewTokens(c.budget)
		got := 0
		for i := range c.calls {
			tokens.Called(time.Duration(i) * ms)
			for tokens.Take(time.Duration(i) * ms) {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%v of %d calls: %d, want %d", c.budget, c.calls, got, c.want)
		}
	}
}

func TestTokensAreSavedUpToABurst(t *testing.T) {
	tokens := NewTokens(Budget{0.5, 0})
	for range 1000 {
		tokens.Called(0)
	}
	for i := range BudgetBurst {
		if !tokens.Take(0) {
			t.Fatalf("%d are saved", i)
		}
	}
	if tokens.Take(0) {
		t.Errorf("more than %d are saved", BudgetBurst)
	}
}
