package runner

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
	"crosstalk/scenarios"
)

// of gives a row the payload that the version has at A.
func of(key, version uint64) row {
	return row{key, version, hashOf(record.Payload("A", record.Key(key), version, 128))}
}

// ledger is a run whose driver has issued versions 2 to 5 of key 1 of A, of which 2 to
// 4 are acknowledged.
func ledger(t *testing.T, settings ...string) *run {
	r := &run{experiment: ask(t, settings...), book: load.NewOracle([]string{"A"}, 128, time.Second)}
	r.lag = load.NewLag([]load.Replica{{Consumer: "D", Owner: "A"}}, func(_, _ time.Duration) {})
	for version := uint64(2); version <= 5; version++ {
		r.book.Issue("A", 1)
		if version < 5 {
			r.lag.Acknowledged("A", 1, version, r.book.Acknowledged("A", 1, version, 0), 0)
		}
	}
	return r
}

// Each row that differs is named, as far as an error goes, and how; what may be on its
// way is told from what is wrong for ever.
func TestReplicaIsHeldAgainstItsOwner(t *testing.T) {
	var many []row
	for key := range uint64(7) {
		many = append(many, of(key, 1))
	}
	for name, c := range map[string]struct {
		original, copied []row
		lost             uint64 // the version of key 1 whose event is lost
		rows             int64
		want             string
		heals            bool
	}{
		"equal":             {[]row{of(1, 4), of(2, 5)}, []row{of(1, 4), of(2, 5)}, 0, 2, "", false},
		"empty":             {nil, nil, 0, 0, "", false},
		"behind":            {[]row{of(1, 4), of(2, 5)}, []row{of(1, 1), of(2, 5)}, 0, 2, "in 1 of 2 rows: key 1 is version 1 and not 4", true},
		"ahead":             {[]row{of(1, 4)}, []row{of(1, 5)}, 0, 1, "in 1 of 1 rows: key 1 is version 5 and not 4", false},
		"other content":     {[]row{of(1, 2)}, []row{{1, 2, 7}}, 0, 1, "in 1 of 1 rows: key 1, version 2, has another payload", false},
		"missing":           {[]row{of(1, 1), of(2, 1), of(3, 1)}, []row{of(2, 1)}, 0, 3, "in 2 of 3 rows: key 1 is missing, key 3 is missing", true},
		"too many":          {[]row{of(2, 1)}, []row{of(1, 1), of(2, 1), of(9, 1)}, 0, 3, "in 2 of 3 rows: key 1 is not its owner's, key 9 is not its owner's", false},
		"no replica at all": {many, nil, 0, 7, "in 7 of 7 rows: key 0 is missing, key 1 is missing, key 2 is missing, key 3 is missing, key 4 is missing", true},
		"a lost change":     {[]row{of(1, 4), of(2, 5)}, []row{of(1, 3), of(2, 5)}, 4, 2, "", false},
		"an earlier loss":   {[]row{of(1, 4)}, []row{of(1, 3)}, 2, 1, "in 1 of 1 rows: key 1 is version 3 and not 4", true},
		"another than lost": {[]row{of(1, 4), of(2, 5)}, []row{of(1, 1), of(2, 4)}, 4, 2, "in 1 of 2 rows: key 2 is version 4 and not 5", true},
		"wrong and behind":  {[]row{of(1, 4), of(2, 5)}, []row{of(1, 1), {2, 5, 7}}, 0, 2, "in 1 of 2 rows: key 2, version 5, has another payload", false},
	} {
		r := ledger(t, "fault", "bus:drop=1%")
		r.lag.Lost("D", "A", 1, c.lost)
		d := r.holdReplica(load.Replica{Consumer: "D", Owner: "A"}, c.original, c.copied)
		text := ""
		if d.err() != nil {
			text = d.err().Error()
		}
		want := c.want
		if want != "" {
			want = "the replica of A in D differs " + want
		}
		if text != want || d.rows != c.rows || mayHeal([]*differences{d}) != c.heals {
			t.Errorf("%s: %q, %d rows, heals %v; want %q, %d, %v", name, text, d.rows, mayHeal([]*differences{d}), want, c.rows, c.heals)
		}
		if name == "a lost change" && d.explained["bus:drop=1%"] != 1 {
			t.Errorf("explained by %v", d.explained)
		}
	}
}

// An owner has at least what it acknowledged, at most what was issued, and the payload
// of the version that it has. What it stored without an acknowledgement is right.
func TestOwnerIsHeldAgainstWhatItAcknowledged(t *testing.T) {
	r := ledger(t, "keys", "3")
	foreign := of(1, 6)
	for name, c := range map[string]struct {
		rows []row
		want string
	}{
		"the newest":             {[]row{of(0, 1), of(1, 4), of(2, 1)}, ""},
		"unacknowledged":         {[]row{of(0, 1), of(1, 5), of(2, 1)}, ""},
		"acknowledged, not kept": {[]row{of(0, 1), of(1, 3), of(2, 1)}, "1 of 3 rows: key 1 is version 3, and version 4 was acknowledged"},
		"somebody else's":        {[]row{of(0, 1), foreign, of(2, 1)}, "1 of 3 rows: key 1 is version 6, which was never written by this driver: somebody else writes to A"},
		"another payload":        {[]row{of(0, 1), {1, 4, 7}, of(2, 1)}, "1 of 3 rows: key 1, version 4, has another payload than was written"},
		"missing":                {[]row{of(1, 4)}, "2 of 3 rows: key 0 is missing, key 2 is missing"},
		"nothing":                {nil, "3 of 3 rows: key 0 is missing, key 1 is missing, key 2 is missing"},
		"too many":               {[]row{of(0, 1), of(1, 4), of(2, 1), of(3, 1)}, "1 of 4 rows: key 3 was never written by this driver"},
	} {
		d := r.holdOwner("A", c.rows)
		text := ""
		if d.err() != nil {
			text = d.err().Error()
		}
		if c.want != "" {
			c.want = "the table of A differs in " + c.want
		}
		if text != c.want || mayHeal([]*differences{d}) {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}

// tampered carries out a run, of which something is done to the databases after 100
// requests.
func tampered(t *testing.T, do func(t *testing.T, d store.Store), settings ...string) (out *result.Run, err error) {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	e := ask(t, append([]string{"store", "sqlite", "duration", "2s", "warmup", "0s", "latency", "none", "rate", "100"}, settings...)...)
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName("async-replicated")
		seen := 0
		out, err = Run(t.Context(), s, e, t.TempDir(), Options{
			Env:   fakesvc.Env{Listen: network.Listen, Dial: network.Dial},
			Pacer: load.Timer,
			Observe: func(result.Row) {
				if seen++; seen != 100 || do == nil {
					return
				}
				dirs, _ := filepath.Glob(filepath.Join(temp, "crosstalk-*"))
				if len(dirs) != 1 {
					t.Fatalf("folders %v", dirs)
				}
				d, err := store.Open(t.Context(), e.StoreOf("D"), store.Place{Dir: dirs[0]}, "D")
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				do(t, d)
			},
		})
	})
	return out, err
}

// A row of D's copy that is not its owner's makes the run a wrong one, which names it.
func TestCopyThatDiffersIsWrong(t *testing.T) {
	const key = 299
	out, err := tampered(t, func(t *testing.T, d store.Store) {
		c, err := d.Collection(t.Context(), "B")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), []record.Record{{Key: key, Version: 1000, Payload: record.Payload("B", key, 1000, 128)}}); err != nil {
			t.Fatal(err)
		}
	}, "keys", "300", "write-rate", "20/s")
	const want = "the replica of B in D differs in 1 of 300 rows: key 299 is version 1000 and not 1"
	if err == nil || !strings.Contains(err.Error(), want) || out.Verdict != result.Wrong || !strings.Contains(strings.Join(out.Warnings, "; "), want) {
		t.Errorf("%v; %+v", err, out)
	}
}

// A change that was lost on purpose is no difference, and the other rows are compared.
func TestLostChangesAreNoDifference(t *testing.T) {
	out, err := tampered(t, nil, "keys", "50", "write-rate", "100/s", "fault", "bus:drop=30%")
	if err != nil || out.LostChanges == 0 || out.Verdict == result.Wrong || out.ComparedRows != 150 {
		t.Errorf("%v; verdict %s, %d lost changes, %d rows compared", err, out.Verdict, out.LostChanges, out.ComparedRows)
	}
}
