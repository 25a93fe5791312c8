package policy

import (
	"strings"
	"testing"
	"time"

	"crosstalk/internal/setting"
)

const ms = time.Millisecond

func policyOf(t *testing.T, text string) Policy {
	t.Helper()
	var p Policy
	if err := p.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPolicy(t *testing.T) {
	full := Policy{
		Timeout: 50 * ms, Retry: 3, Backoff: Backoff{5 * ms, 50 * ms}, Budget: Budget{0.2, 1},
		Hedge: Hedge{Quantile: 0.95}, Breaker: Breaker{0.5, 20, 5 * time.Second}, Fallback: true,
	}
	const text = "timeout=50ms retry=3 backoff=5ms..50ms budget=20%+1/s hedge=p95 breaker=50%/20/5s fallback=last-known"
	if got := policyOf(t, text); got != full || got.String() != text {
		t.Errorf("%+v, written %q", got, got)
	}
	for text, canonical := range map[string]string{
		"": "none", "none": "none", "  retry=2  timeout=1s ": "timeout=1s retry=2",
		"retry=1 backoff=5ms": "retry=1 backoff=5ms", "hedge=20ms": "hedge=20ms", "hedge=p99.9": "hedge=p99.9",
		"breaker=0.5/10/500ms": "breaker=50%/10/500ms", "hedge=p95 budget=0.1": "budget=10% hedge=p95", "retry=1 budget=0+30/m": "retry=1 budget=0+0.5/s",
	} {
		got := policyOf(t, text)
		if got.String() != canonical || policyOf(t, got.String()) != got {
			t.Errorf("%q is written %q, want %q", text, got, canonical)
		}
	}
}

func TestPolicyErrors(t *testing.T) {
	for text, want := range map[string]string{
		"retry":                    `"retry" is not a part of a policy NAME=VALUE: timeout, retry, backoff, budget, hedge, breaker, fallback`,
		"retries=3":                `unknown part "retries": timeout, retry`,
		"retry=3 retry=4":          "retry is there twice",
		"retry=0":                  `retry: "0" is not a whole number from 1 to 100`,
		"retry=-1":                 `retry: "-1" is not a whole number from 1 to 100`,
		"timeout=0s":               "timeout: 0 is not above 0",
		"timeout=5":                `timeout: "5" is not a duration such as 10s or 500ms`,
		"backoff=5ms":              "backoff is for retries: add retry=N",
		"retry=1 backoff=9..":      `backoff: "9" is not a duration`,
		"retry=1 backoff=9ms..5ms": "backoff: 5ms is below 9ms",
		"budget=20%":               "budget is for retries and hedges: add retry=N or hedge=p95",
		"retry=1 budget=0":         "budget: 0 allows nothing",
		"retry=1 budget=0+0":       "budget: 0 allows nothing",
		"retry=1 budget=2":         `budget: "2" is not a share from 0 to 1`,
		"retry=1 budget=20%+":      `budget: "" is not a rate such as 500`,
		"hedge=p100":               `hedge: "p100" is no percentile such as p95`,
		"hedge=p0":                 `hedge: "p0" is no percentile such as p95`,
		"hedge=pNaN":               `hedge: "pNaN" is no percentile such as p95`,
		"breaker=50%":              `breaker: "50%" is not RATE/COUNT/OPEN, such as 50%/20/5s`,
		"breaker=0/20/5s":          `breaker: "0" is not a share above 0`,
		"breaker=50%/0/5s":         `breaker: "0" is not a whole number from 1 to 10000`,
		"breaker=50%/20/0s":        "breaker: 0 is not above 0",
		"fallback=static":          `fallback: unknown "static": last-known`,
	} {
		p := Policy{Retry: 7}
		err := p.UnmarshalText([]byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
		if p != (Policy{Retry: 7}) {
			t.Errorf("%q: an error left %v behind", text, p)
		}
	}
}

func TestPolicyPerService(t *testing.T) {
	var p setting.PerService[Policy]
	const text = "timeout=50ms retry=3,A=retry=1,B=none"
	if err := p.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.MarshalText(); string(got) != text {
		t.Errorf("%q is written %q", text, got)
	}
	if a, _ := p.For("A"); a.Retry != 1 || a.Timeout != 0 {
		t.Errorf("A has %v", a)
	}
}

func TestBreakerFailures(t *testing.T) {
	for b, want := range map[Breaker]int{{Rate: 0.5, Count: 20}: 10, {Rate: 0.01, Count: 20}: 1, {Rate: 1, Count: 5}: 5, {Rate: 0.34, Count: 3}: 2} {
		if got := b.Failures(); got != want {
			t.Errorf("%v opens after %d failures, want %d", b, got, want)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	for _, text := range []string{"", "timeout=50ms retry=3 backoff=5ms..50ms", "budget=20% hedge=p95", "breaker=50%/20/5s fallback=last-known"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p, again Policy
		if p.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(p.String())); err != nil || again.String() != p.String() {
			t.Fatalf("%q is written %q, which is read as %q (error %v)", text, p, again, err)
		}
	})
}
