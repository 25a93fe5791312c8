package load

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/internal/record"
	"crosstalk/internal/result"
)

// Where an owner is asked, an answer has at least what was acknowledged before the
// request was sent, unless a cache is declared; then it is no staler than that.
func TestBound(t *testing.T) {
	ms := time.Millisecond
	for name, c := range map[string]struct {
		bound, asked time.Duration // asked is when it was sent, and due
		version      uint64
		want         result.Judgement
		age          time.Duration
		wrong        string
	}{
		"the newest":                     {0, 15 * ms, 2, result.Correct, 0, ""},
		"written and not acknowledged":   {0, 15 * ms, 3, result.Correct, 0, ""},
		"acknowledged after it was sent": {0, 5 * ms, 1, result.Correct, 0, ""},
		"acknowledged before":            {0, 15 * ms, 1, result.Stale, 5 * ms, "the record of A for key 7 is version 1, and version 2 was acknowledged before the request was sent"},
		"a replica":                      {unbounded, 15 * ms, 1, result.Stale, 5 * ms, ""},
		"within the cache":               {5 * ms, 15 * ms, 1, result.Stale, 5 * ms, ""},
		"beyond the cache": {4 * ms, 15 * ms, 1, result.Stale, 5 * ms,
			"the record of A for key 7, version 1, had been outdated for 5ms when the request was due, and the declared cache keeps it for 4ms"},
	} {
		o := NewOracle([]string{"A"}, size, time.Second)
		o.Bound("A", c.bound)
		o.Issue("A", 7)
		o.Issue("A", 7)
		var q Question
		if c.asked < 10*ms {
			q = o.Ask(7, c.asked)
		}
		o.Acknowledged("A", 7, 2, 10*ms)
		if c.asked >= 10*ms {
			q = o.Ask(7, c.asked)
		}
		got, age, err := o.Judge(q, answer(c.version))
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != c.want || age != c.age || text != c.wrong {
			t.Errorf("%s: %v, age %v, %q; want %v, %v, %q", name, got, age, text, c.want, c.age, c.wrong)
		}
	}
}

// A request that was due before the acknowledgement and sent after it is held to it: it
// is the moment of the send that counts.
func TestBoundCountsFromTheSend(t *testing.T) {
	o := NewOracle([]string{"A"}, size, time.Second)
	o.Bound("A", 0)
	o.Issue("A", 7)
	o.Acknowledged("A", 7, 2, 10)
	if got, age, err := o.Judge(o.Ask(7, 5), answer(1)); got != result.Stale || age != 0 || err == nil {
		t.Errorf("%v, age %v, %v", got, age, err)
	}
}

// A corrupt record is told with all that it claims, and one that somebody else wrote
// from one that was spoilt.
func TestCorruptSaysWhatIsClaimed(t *testing.T) {
	foreign, made, spoilt, other := answer(3), answer(3), answer(2), answer(1)
	made[0].Payload[0]++
	spoilt[0].Payload[0]++
	other[0].Key = 8
	for _, c := range []struct {
		answer []Answer
		want   string
	}{
		{foreign, "the record of A for key 7 claims to be A's key 7, version 3: that version was never written by this driver, and its payload is right: somebody else writes to A, or it is left from an earlier run"},
		{made, "the record of A for key 7 claims to be A's key 7, version 3: that version was never written by this driver, nor was its payload"},
		{spoilt, "the record of A for key 7 claims to be A's key 7, version 2: its payload is not the one that was written"},
		{other, "the record of A for key 7 claims to be A's key 8, version 1: it is another record"},
		{answer(0), "the record of A for key 7 claims to be A's key 7, version 0: there is no such version"},
	} {
		o := NewOracle([]string{"A"}, size, time.Second)
		o.Issue("A", 7)
		if got, _, err := o.Judge(o.Ask(7, 0), c.answer); got != result.Corrupt || err == nil || err.Error() != c.want {
			t.Errorf("%v, %v\nwant %s", got, err, c.want)
		}
	}
}

// What a request that lasts as long as it may lacks is remembered: what is forgotten
// after less would make its old answer look new.
func TestHorizonOutlastsARequest(t *testing.T) {
	for _, begin := range []time.Duration{0, 10 * time.Second} {
		o := NewOracle([]string{"A"}, size, time.Second)
		for range 3 {
			o.Issue("A", 7)
		}
		o.Acknowledged("A", 7, 2, begin)
		long := o.Ask(7, begin+time.Millisecond)
		for version := uint64(2); version <= 4; version++ { // answers show each version, and it goes on
			at := begin + time.Duration(version)*200*time.Millisecond
			o.Acknowledged("A", 7, version, at)
			if got, _, err := o.Judge(o.Ask(7, at), answer(version)); got != result.Correct {
				t.Fatal(got, err)
			}
		}
		if got, age, err := o.Judge(long, answer(1)); got != result.Stale || age != time.Millisecond {
			t.Errorf("after a second from %v on: %v, age %v, %v; want stale for 1 ms", begin, got, age, err)
		}
	}
}

// The oracle is asked before a request is sent: what others learn while it is in flight
// is not held against it.
func TestOracleIsAskedBeforeTheSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		newest := uint64(1)
		c := config()
		c.Keys, c.WriteRate, c.Owners, c.WarmUp, c.Duration = 1, 20, []string{"A"}, 0, 2*time.Second
		d, run, err := drive(t, t.Context(), c, Target{
			Query: func(_ context.Context, id int64, key record.Key) (Reply, error) {
				mu.Lock()
				version := newest
				mu.Unlock()
				if id%2 == 0 {
					time.Sleep(100 * time.Millisecond) // in which others hear of newer ones
				}
				return Reply{Answers: []Answer{{"A", record.Record{Key: key, Version: version, Payload: record.Payload("A", key, version, size)}}}}, nil
			},
			Write: func(_ context.Context, _ string, _ int64, r record.Record) error {
				mu.Lock()
				newest = r.Version
				mu.Unlock()
				return nil
			},
		})
		if err != nil || d.Wrong() != nil || run.Answers.Correct != 200 || newest < 30 {
			t.Errorf("%v, %v, %+v, %d versions", err, d.Wrong(), run.Answers, newest)
		}
	})
}

// An owner has at least what it acknowledged and at most what was issued.
func TestStored(t *testing.T) {
	o := newOracle()
	if a, i := o.Stored("A", 7); a != 1 || i != 1 {
		t.Errorf("before any write: %d to %d", a, i)
	}
	for range 3 {
		o.Issue("A", 7)
	}
	o.Acknowledged("A", 7, 3, 1)
	o.Acknowledged("A", 7, 2, 2)
	if a, i := o.Stored("A", 7); a != 3 || i != 4 {
		t.Errorf("%d to %d, want 3 to 4", a, i)
	}
	o.Restarted("B")
	if o.BeforeRestart("A", 7, 2) {
		t.Error("A was not started anew")
	}
	o.Restarted("A")
	o.Issue("A", 7)
	if !o.BeforeRestart("A", 7, 4) || o.BeforeRestart("A", 7, 5) {
		t.Error("4 was issued before, 5 after")
	}
}

// The loss of an event explains its own version, and an older one that came after it,
// and no other.
func TestLostChanges(t *testing.T) {
	for name, c := range map[string]struct {
		issued uint64 // when version 2 was acknowledged
		lost   uint64
		want   int
	}{
		"its own":                        {2, 2, 0},
		"that of a newer one":            {2, 3, 1},
		"that of one it may have missed": {3, 3, 0},
		"that of an older one":           {3, 1, 1},
	} {
		for _, before := range []bool{false, true} { // whether its loss is heard of first
			l := NewLag([]Replica{{"D", "A"}}, func(_, _ time.Duration) { t.Error("a lost change has no lag") })
			if before {
				l.Lost("D", "A", 7, c.lost)
			}
			l.Acknowledged("A", 7, 2, c.issued, 10)
			if !before {
				l.Lost("D", "A", 7, c.lost)
			}
			if got := l.Unseen(); got != c.want || len(l.Left()) != c.want {
				t.Errorf("%s, heard of first %v: %d unseen, %v; want %d", name, before, got, l.Left(), c.want)
			}
		}
	}
}

// What a replica's database holds is visible, though nobody knows since when.
func TestHeld(t *testing.T) {
	l := NewLag([]Replica{{"D", "A"}}, func(_, _ time.Duration) { t.Error("a lag of which nothing is known") })
	l.Acknowledged("A", 7, 2, 2, 10)
	l.Acknowledged("A", 7, 3, 3, 20)
	if n := l.Held("D", "A", 7, 2); n != 1 {
		t.Errorf("%d were not told of", n)
	}
	if left := l.Left(); len(left) != 1 || left[0] != (Change{Replica{"D", "A"}, 7, 3, 20}) {
		t.Errorf("left %v", left)
	}
	if n := l.Held("D", "B", 7, 3); n != 0 {
		t.Errorf("%d of a replica that nobody waits for", n)
	}
}
