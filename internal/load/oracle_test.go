package load

import (
	"fmt"
	"testing"
	"time"

	"crosstalk/internal/record"
	"crosstalk/internal/result"
)

const size = 16

func answer(versions ...uint64) []Answer {
	var out []Answer
	for i, v := range versions {
		service := string(rune('A' + i))
		out = append(out, Answer{service, record.Record{Key: 7, Version: v, Payload: record.Payload(service, 7, v, size)}})
	}
	return out
}

// A driver that writes nothing knows no version, and still sees what is missing,
// corrupt or goes backwards.
func TestBystander(t *testing.T) {
	o := NewBystander([]string{"A", "B"}, size, time.Second)
	judged := func(want result.Judgement, a []Answer) {
		t.Helper()
		if got, age, err := o.Judge(o.Ask(7, 0), a); got != want || age != 0 || (err != nil) != (want != result.Unjudged) {
			t.Errorf("%v is %v, age %v, %v; want %v", a, got, age, err, want)
		}
	}
	judged(result.Unjudged, answer(1, 1))
	early := o.Ask(7, 0)
	judged(result.Unjudged, answer(9, 1))
	judged(result.Backwards, answer(8, 1))
	judged(result.Backwards, answer(1, 1))
	judged(result.Unjudged, answer(9, 3))
	judged(result.Corrupt, answer(0, 3))
	judged(result.Missing, answer(9))
	if got, _, err := o.Judge(early, answer(1, 1)); got != result.Unjudged || err != nil {
		t.Errorf("an answer to what was asked before is %v, %v", got, err)
	}
	spoilt := answer(9, 3)
	spoilt[1].Payload[0]++
	judged(result.Corrupt, spoilt)
}

func newOracle() *Oracle { return NewOracle([]string{"A", "B"}, size, time.Second) }

func TestJudge(t *testing.T) {
	ms := time.Millisecond
	for name, c := range map[string]struct {
		due    time.Duration
		answer []Answer
		want   result.Judgement
		age    time.Duration
	}{
		"nothing was written":                {due: 5 * ms, answer: answer(1, 1), want: result.Correct},
		"the newest":                         {due: 50 * ms, answer: answer(3, 1), want: result.Correct},
		"newer than acknowledged when due":   {due: 5 * ms, answer: answer(3, 1), want: result.Correct},
		"acknowledged only after it was due": {due: 9 * ms, answer: answer(1, 1), want: result.Correct},
		"acknowledged just when it was due":  {due: 10 * ms, answer: answer(1, 1), want: result.Correct},
		"outdated since 2 was acknowledged":  {due: 15 * ms, answer: answer(1, 1), want: result.Stale, age: 5 * ms},
		"two behind, outdated since 2":       {due: 50 * ms, answer: answer(1, 1), want: result.Stale, age: 40 * ms},
		"one behind, outdated since 3":       {due: 50 * ms, answer: answer(2, 1), want: result.Stale, age: 30 * ms},
		"the oldest part decides":            {due: 90 * ms, answer: answer(2, 1), want: result.Stale, age: 70 * ms},
		"written but not acknowledged":       {due: 50 * ms, answer: answer(4, 1), want: result.Correct},
		"a version never written":            {due: 50 * ms, answer: answer(5, 1), want: result.Corrupt},
		"no version":                         {due: 50 * ms, answer: answer(0, 1), want: result.Corrupt},
		"a record short":                     {due: 50 * ms, answer: answer(3), want: result.Missing},
		"no record":                          {due: 50 * ms, answer: nil, want: result.Missing},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOracle()
			for range 3 { // versions 2, 3 and 4 of A; 2 of B
				o.Issue("A", 7)
			}
			o.Issue("B", 7)
			o.Acknowledged("A", 7, 2, 10*ms)
			o.Acknowledged("A", 7, 3, 20*ms)
			if c.due > 60*ms {
				o.Acknowledged("B", 7, 2, 60*ms)
			}
			got, age, err := o.Judge(o.Ask(7, c.due), c.answer)
			if got != c.want || age != c.age {
				t.Errorf("judged %v, age %v (%v); want %v, %v", got, age, err, c.want, c.age)
			}
			if wrong := c.want > result.Stale; wrong != (err != nil) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestJudgeCorrupt(t *testing.T) {
	for name, change := range map[string]func(a []Answer){
		"payload":       func(a []Answer) { a[1].Payload[0] ^= 1 },
		"key":           func(a []Answer) { a[1].Key = 8 },
		"another's":     func(a []Answer) { a[1].Service = "A" },
		"shorter":       func(a []Answer) { a[1].Payload = a[1].Payload[:3] },
		"swapped":       func(a []Answer) { a[0], a[1] = a[1], a[0] },
		"other version": func(a []Answer) { a[1].Version = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOracle()
			o.Issue("B", 7)
			a := answer(1, 1)
			change(a)
			if got, _, err := o.Judge(o.Ask(7, 0), a); got != result.Corrupt || err == nil {
				t.Errorf("judged %v, %v", got, err)
			}
		})
	}
}

// An answer goes backwards only where an earlier answer had been complete before
// the request was sent: two that overlap may see either version.
func TestBackwards(t *testing.T) {
	o := newOracle()
	o.Issue("A", 7)
	o.Acknowledged("A", 7, 2, 0)
	before := o.Ask(7, 1)
	if got, _, err := o.Judge(o.Ask(7, 0), answer(2, 1)); got != result.Correct {
		t.Fatal(got, err)
	}
	after := o.Ask(7, 2)
	if got, age, err := o.Judge(before, answer(1, 1)); got != result.Stale || age != 1 {
		t.Errorf("a request that overlaps: %v, age %v, %v", got, age, err)
	}
	got, _, err := o.Judge(after, answer(1, 1))
	want := "the record of A for key 7 went backwards, from version 2 to 1"
	if got != result.Backwards || err == nil || err.Error() != want {
		t.Errorf("a later request: %v, %v", got, err)
	}
}

// The histories must not grow with the run, and forgetting must not change a
// judgement: what answers have held for longer than a request lasts is dropped,
// what a lagging replica has not shown yet is kept.
func TestHistoryIsBounded(t *testing.T) {
	o := NewOracle([]string{"A"}, size, time.Second)
	longest := 0
	at := time.Duration(0)
	for range 10_000 {
		at += 100 * time.Millisecond
		version := o.Issue("A", 7)
		o.Acknowledged("A", 7, version, at)
		question := o.Ask(7, at+time.Millisecond)
		got, age, err := o.Judge(question, answer(version-1))
		if got != result.Stale || age != time.Millisecond {
			t.Fatalf("version %d: %v, age %v, %v", version-1, got, age, err)
		}
		longest = max(longest, len(o.cells[cell{"A", 7}].acknowledged))
	}
	if longest > 50 { // two horizons of 2 s, ten versions a second, and one
		t.Errorf("%d versions were kept", longest)
	}

	// A replica that has stood still for 1000 versions is outdated since the first.
	lagging := NewOracle([]string{"A"}, size, time.Second)
	for i := range 1000 {
		lagging.Acknowledged("A", 7, lagging.Issue("A", 7), time.Duration(i)*time.Second)
	}
	if _, age, _ := lagging.Judge(lagging.Ask(7, 1000*time.Second), answer(1)); age != 1000*time.Second {
		t.Errorf("age %v, want 1000 s", age)
	}
}

func TestLag(t *testing.T) {
	var lags []string
	l := NewLag([]Replica{{"D", "A"}, {"E", "A"}, {"D", "B"}}, func(at, lag time.Duration) {
		lags = append(lags, fmt.Sprint(int64(at), " ", int64(lag)))
	})
	expect := func(unseen int, want ...string) {
		t.Helper()
		if fmt.Sprint(lags) != fmt.Sprint(want) || l.Unseen() != unseen {
			t.Errorf("lags %v, %d unseen; want %v, %d", lags, l.Unseen(), want, unseen)
		}
		lags = nil
	}
	l.Acknowledged("A", 1, 2, 2, 10)
	expect(2)
	l.Visible("D", "A", 1, 2, 15)
	expect(1, "15 5")
	l.Acknowledged("A", 1, 3, 3, 20)
	l.Acknowledged("A", 1, 4, 4, 30)
	expect(5)
	l.Visible("E", "A", 1, 4, 50) // skips versions: each has its lag
	expect(2, "50 40", "50 30", "50 20")
	l.Visible("D", "B", 9, 2, 60) // visible before the driver heard of the write
	l.Acknowledged("B", 9, 2, 2, 61)
	expect(2, "61 0")
	l.Acknowledged("C", 1, 2, 2, 70) // nobody keeps a copy of C
	expect(2)
}
