package scenarios_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/counts"
	"crosstalk/internal/experiment"
	"crosstalk/internal/policy"
)

// policyOn returns what D did about one of its needs.
func (b *bubble) policyOn(need string) counts.Policy {
	b.Helper()
	for _, p := range b.statistics().Policies {
		if p.Consumer == "D" && p.Need == need {
			return p
		}
	}
	b.Fatalf("D has no policy about %s", need)
	return counts.Policy{}
}

// A policy acts alike on calls, on bus requests and on function calls; where D
// has a copy, nothing of its upstreams' faults reaches it.
func TestEachPolicyInEachScenario(t *testing.T) {
	for _, c := range []struct {
		policy, fault string
		want          outcome
		check         func(p counts.Policy) bool
	}{
		{"timeout=50ms", "B:hang=1@0s+2s", outcome{codes.DeadlineExceeded, 50 * ms},
			func(p counts.Policy) bool { return p.Tries == 1 && p.Failed == 1 }},
		{"timeout=50ms retry=2 backoff=10ms..20ms", "B:hang=1@0s+2s", outcome{codes.DeadlineExceeded, 180 * ms},
			func(p counts.Policy) bool { return p.Tries == 3 && p.Retries == 2 && p.Failed == 1 }},
		{"retry=2 backoff=10ms", "B:abort=1@0s+505ms", outcome{codes.OK, 10 * ms},
			func(p counts.Policy) bool { return p.Tries == 2 && p.Saved == 1 }},
		{"hedge=20ms", "B:delay=400ms@0s+515ms", outcome{codes.OK, 20 * ms},
			func(p counts.Policy) bool { return p.Tries == 2 && p.Hedges == 1 && p.Saved == 1 }},
		{"fallback=last-known", "B:abort=1@0s+2s", outcome{codes.OK, 0},
			func(p counts.Policy) bool { return p.Fallbacks == 1 && p.Saved == 1 }},
		{"retry=3 budget=20%", "B:abort=1@0s+2s", outcome{codes.Unavailable, 0},
			func(p counts.Policy) bool {
				return p.Tries == 1 && p.Failed == 1 && p.OverBudget == 1
			}},
		{"breaker=100%/1/200ms", "B:abort=1@0s+2s", outcome{codes.Unavailable, 0},
			func(p counts.Policy) bool { return p.Tries == 1 && p.Failed == 1 }},
	} {
		each(t, []string{"policy", c.policy, "fault", c.fault}, func(b *bubble, scenario string) {
			if _, _, err := b.ask(-1, 1); err != nil { // what the fallback will know
				b.Fatal(err)
			}
			b.begin()
			time.Sleep(500 * ms)
			_, took, err := b.ask(7, 1)
			got := outcome{status.Code(err), took}
			if scenario == "async-replicated" {
				if got != (outcome{}) || b.policyOn("B").Tries != 1 {
					b.Errorf("%s: %v, %v", c.policy, got, b.policyOn("B"))
				}
				return
			}
			if p := b.policyOn("B"); got != c.want || !c.check(p) {
				b.Errorf("%s about %s: %v, want %v; %v", c.policy, c.fault, got, c.want, p)
			}
		})
	}
}

// A call that D gives up, because another one has failed, is no failure of its
// dependency: it opens no breaker.
func TestGivenUpIsNoFailure(t *testing.T) {
	settings := []string{"latency", "A=5ms,B=20ms,C=20ms", "fail-rate", "A=1", "policy", "breaker=100%/1/1s"}
	each(t, settings, func(b *bubble, scenario string) {
		if scenario == "async-replicated" {
			return
		}
		b.begin()
		for id := range int64(2) {
			if _, took, err := b.ask(id, 1); status.Code(err) != codes.Unavailable || id == 0 && took != 5*ms {
				b.Errorf("%v after %v", err, took)
			}
			time.Sleep(100 * ms) // B and C have noticed
		}
		a := b.policyOn("A")
		if a.Failed != 2 || a.Failures[codes.Unavailable] != 1 || a.Refused != 1 {
			b.Errorf("A: %v", a)
		}
		for _, given := range []string{"B", "C"} {
			if p := b.policyOn(given); p.Calls != 2 || p.Cancelled != 2 || p.Failed != 0 || p.Refused != 0 || p.Failures != (policy.ByCode{}) {
				b.Errorf("%s: %v", given, p)
			}
		}
	})
}

// A try is a new draw at every service below it, whatever the wiring: the same
// requests are saved in each scenario.
func TestRetriesAreDrawnAnew(t *testing.T) {
	saved := make(map[string]int64)
	each(t, []string{"policy", "retry=2", "fail-rate", "B=0.3", "seed", "5"}, func(b *bubble, scenario string) {
		if scenario == "async-replicated" {
			return
		}
		b.begin()
		failed := 0
		for id := range int64(300) {
			if _, _, err := b.ask(id, 1); err != nil {
				failed++
			}
		}
		if failed > 20 { // 8.1 expected, sigma 2.8
			b.Errorf("%d of 300 failed, want 0.3³ of them", failed)
		}
		saved[scenario] = b.policyOn("B").Saved
	})
	if s := saved["sync"]; s < 60 || s != saved["async-request"] || s != saved["monolith"] {
		t.Errorf("saved %v", saved)
	}
}

// Naive retries at two levels multiply: 3 × 3 tries reach X.
func TestRetriesMultiplyInADeeperGraph(t *testing.T) {
	e := deep(t, "policy", "retry=2,A=retry=2", "fail-rate", "X=1")
	inBubble(t, "sync", e, func(b *bubble) {
		b.begin()
		if _, _, err := b.ask(1, 1); status.Code(err) != codes.Unavailable {
			b.Errorf("%v", err)
		}
		for _, f := range b.statistics().Faults {
			if f.Target == "X" && f.Injected != 9 {
				b.Errorf("X was asked %d times, want 9", f.Injected)
			}
		}
	})
}

// A need's own policy in the file wins over that of its service.
func TestPolicyOfOneNeed(t *testing.T) {
	e := quiet(t, "policy", "retry=1", "fail-rate", "1")
	var need experiment.Need
	if err := need.UnmarshalText([]byte("B retry=4")); err != nil {
		t.Fatal(err)
	}
	e.Services = []experiment.Service{{Name: "D", Needs: []experiment.Need{need}}, {Name: "B"}}
	inBubble(t, "sync", e, func(b *bubble) {
		b.begin()
		if _, _, err := b.ask(1, 1); status.Code(err) != codes.Unavailable {
			b.Error(err)
		}
		if p := b.policyOn("B"); p.Tries != 5 {
			b.Errorf("%v", p)
		}
	})
}
