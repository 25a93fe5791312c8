package runner

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/simnet"
	"crosstalk/internal/store"
	"crosstalk/scenarios"
)

// streamOf gives rows one message each.
func streamOf(rows ...*fakesvcpb.Row) *rowStream {
	return &rowStream{receive: func() (*fakesvcpb.RowsResponse, error) {
		if len(rows) == 0 {
			return nil, io.EOF
		}
		next := rows[:1]
		rows = rows[1:]
		return &fakesvcpb.RowsResponse{Rows: next}, nil
	}}
}

func row(key, version uint64) *fakesvcpb.Row {
	return &fakesvcpb.Row{Key: key, Version: version, PayloadHash: key*1000 + version}
}

// Each row that differs is named, as far as an error goes, and how.
func TestCopyIsHeldAgainstItsOriginal(t *testing.T) {
	of := scenarios.Copy{Consumer: "D", Owner: "A"}
	var many []*fakesvcpb.Row
	for key := range uint64(7) {
		many = append(many, row(key, 1))
	}
	for name, c := range map[string]struct {
		original, copied []*fakesvcpb.Row
		lost             []uint64
		rows             int64
		want             string
	}{
		"equal":             {[]*fakesvcpb.Row{row(1, 1), row(2, 5)}, []*fakesvcpb.Row{row(1, 1), row(2, 5)}, nil, 2, ""},
		"empty":             {nil, nil, nil, 0, ""},
		"behind":            {[]*fakesvcpb.Row{row(1, 2), row(2, 5)}, []*fakesvcpb.Row{row(1, 1), row(2, 5)}, nil, 0, "in 1 rows: key 1 is version 1 and not 2"},
		"other content":     {[]*fakesvcpb.Row{row(1, 2)}, []*fakesvcpb.Row{{Key: 1, Version: 2, PayloadHash: 7}}, nil, 0, "in 1 rows: key 1 has other content"},
		"missing":           {[]*fakesvcpb.Row{row(1, 1), row(2, 1), row(3, 1)}, []*fakesvcpb.Row{row(2, 1)}, nil, 0, "in 2 rows: key 1 is missing, key 3 is missing"},
		"too many":          {[]*fakesvcpb.Row{row(2, 1)}, []*fakesvcpb.Row{row(1, 1), row(2, 1), row(9, 1)}, nil, 0, "in 2 rows: key 1 is not its owner's, key 9 is not its owner's"},
		"no copy at all":    {many, nil, nil, 0, "in 7 rows: key 0 is missing, key 1 is missing, key 2 is missing, key 3 is missing, key 4 is missing"},
		"a lost change":     {[]*fakesvcpb.Row{row(1, 2), row(2, 5)}, []*fakesvcpb.Row{row(1, 1), row(2, 5)}, []uint64{1}, 2, ""},
		"another than lost": {[]*fakesvcpb.Row{row(1, 2), row(2, 5)}, []*fakesvcpb.Row{row(1, 1), row(2, 4)}, []uint64{1}, 0, "in 1 rows: key 2 is version 4 and not 5"},
	} {
		var r run
		for _, key := range c.lost {
			r.lost.add(of, key)
		}
		rows, err := r.hold(of, streamOf(c.original...), streamOf(c.copied...))
		if c.want == "" {
			if err != nil || rows != c.rows {
				t.Errorf("%s: %d rows, %v", name, rows, err)
			}
			continue
		}
		var d *difference
		if !errors.As(err, &d) || err.Error() != "the copy of A in D differs from the original "+c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
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
	const want = "the copy of B in D differs from the original in 1 rows: key 299 is version 1000 and not 1"
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
