package runner

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/topology"
)

// Tables are read again until nothing differs that may yet get right, and at the limit
// once more, with what is pending by then. What does not get right is not waited for.
func TestTablesSettle(t *testing.T) {
	right, behind := answer{rows: []*fakesvcpb.RowsResponse{kept(of(0, 1), of(1, 4))}}, answer{rows: []*fakesvcpb.RowsResponse{kept(of(0, 1), of(1, 3))}}
	wrong := answer{rows: []*fakesvcpb.RowsResponse{kept(of(0, 1), row{1, 4, 7})}}
	away, broken := answer{err: status.Error(codes.Unavailable, "away")}, answer{err: status.Error(codes.Internal, "broken")}
	for name, c := range map[string]struct {
		kind              topology.Kind
		beats             []*beat
		ofA, ofD, pending []answer
		took              time.Duration
		differing         int64 // of the replica
		fails             bool
		asked             int // of D
	}{
		"right":                        {ofD: []answer{right}, asked: 1},
		"behind for a moment":          {ofD: []answer{behind, behind, right}, took: 40 * time.Millisecond, asked: 3},
		"behind for ever":              {ofD: []answer{behind}, took: 120 * time.Millisecond, differing: 1, asked: 9},
		"behind, and then right":       {ofD: []answer{behind, behind, behind, behind, behind, behind, behind, right}, took: 120 * time.Millisecond, asked: 9},
		"behind, and then unreachable": {ofD: []answer{behind, behind, behind, behind, behind, behind, behind, broken}, took: 120 * time.Millisecond, fails: true, asked: 9},
		"behind one that tells not":    {ofD: []answer{behind}, pending: []answer{broken}, took: 120 * time.Millisecond, fails: true, asked: 8},
		"behind one that is silent":    {beats: []*beat{{since: time.Unix(0, 0)}}, ofD: []answer{behind}, differing: 1, asked: 3},
		"wrong":                        {ofD: []answer{wrong}, differing: 1, asked: 1},
		"away, in one process":         {ofD: []answer{away}, fails: true, asked: 1},
		"away for a moment":            {kind: topology.Children, ofD: []answer{away, right}, took: 20 * time.Millisecond, asked: 2},
		"an owner that is":             {kind: topology.Children, ofA: []answer{away}, ofD: []answer{right}, took: 20 * time.Millisecond, asked: 2},
		"away for ever":                {kind: topology.Children, ofD: []answer{away}, took: 120 * time.Millisecond, fails: true, asked: 7},
		"broken":                       {kind: topology.Children, ofD: []answer{broken}, fails: true, asked: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, all := keepers(t, []string{"A", "D"}, "keys", "2")
			r.pulse = &pulse{beats: c.beats}
			all[0].answers, all[1].answers, all[1].pending = append(c.ofA, right), c.ofD, c.pending
			if c.kind != "" {
				r.topology.Kind = c.kind
			}
			begin := time.Now()
			held, err := r.settledTables(t.Context(), "A", begin.Add(100*time.Millisecond))
			took := time.Since(begin)
			if (err != nil) != c.fails || took != c.took || len(all[1].asked) != c.asked {
				t.Fatalf("%s: %v after %v, D was asked for %q; want an error %v, %v, %d", name, err, took, all[1].asked, c.fails, c.took, c.asked)
			}
			if err == nil && (len(held) != 2 || held[0].differing() != 0 || held[1].differing() != c.differing) {
				t.Errorf("%s: %+v", name, held)
			}
		})
	}
}

// Whoever is interrupted learns nothing more of the tables.
func TestInterruptedBetweenTables(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, all := keepers(t, []string{"A", "D"}, "keys", "2")
		all[0].answers, all[1].answers = []answer{{rows: []*fakesvcpb.RowsResponse{kept(of(0, 1), of(1, 4))}}}, []answer{{rows: []*fakesvcpb.RowsResponse{kept(of(0, 1))}}}
		r.lag.Visible("D", "A", 1, 4, 0) // else it is not waited for
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		if err := r.compare(ctx); !errors.Is(err, context.Canceled) || r.tables.OwnerRows != 0 || r.tables.failed != nil || r.tables.wrong != nil {
			t.Errorf("%v, %+v", err, r.tables)
		}
	})
}

// What came of the tables: which were not compared and why, and what is lost; what was
// waited for already is not waited for again.
func TestCompare(t *testing.T) {
	right, behind := answer{rows: []*fakesvcpb.RowsResponse{kept(of(0, 1), of(1, 4))}}, answer{rows: []*fakesvcpb.RowsResponse{kept(of(0, 1), of(1, 3))}}
	const noneOf = "B has no control; C has no control"
	for name, c := range map[string]struct {
		nodes       []string
		attach      int
		ofD         answer
		unseen      bool
		took        time.Duration
		notCompared string
		failed      string
		rows, lost  int64
		waiting     string
	}{
		"right":             {[]string{"A", "D"}, 0, right, false, 0, noneOf, "", 2, 0, ""},
		"of another driver": {[]string{"A", "D"}, 2, right, false, 0, "the driver that prepared the nodes compares them", "", 0, 0, ""},
		"without controls":  {nil, 0, right, false, 0, "A has no control; " + noneOf, "", 0, 0, ""},
		"unreadable":        {[]string{"A", "D"}, 0, answer{err: errors.New("x\ny")}, true, 0, "read the records of A in D: x; y; " + noneOf, "the table of A was not compared: read the records of A in D: x\ny", 0, 0, ""},
		"behind":            {[]string{"A", "D"}, 0, behind, false, drainLimit + 20*time.Millisecond, noneOf, "", 2, 0, "the databases to be compared"},
		"lost, it was late": {[]string{"A", "D"}, 0, behind, true, 20 * time.Millisecond, noneOf, "", 2, 1, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, all := keepers(t, c.nodes, "keys", "2")
			said := make(chan string, 10)
			r.options.Attach = c.attach
			r.options.Waiting = func(_, what string) { said <- what }
			if !c.unseen {
				r.lag.Visible("D", "A", 1, 4, 0)
			}
			for i, k := range all {
				k.run, k.answers = r, []answer{right}
				if i == 1 {
					k.answers = []answer{c.ofD}
				}
			}
			begin := time.Now()
			err := r.compare(t.Context())
			took := time.Since(begin)
			time.Sleep(time.Minute)
			waiting := ""
			for len(said) > 0 {
				waiting += <-said
			}
			tables, failed := r.tables, ""
			if tables.failed != nil {
				failed = tables.failed.Error()
			}
			if err != nil || took != c.took || tables.NotCompared != c.notCompared || failed != c.failed || tables.OwnerRows != c.rows || tables.Lost != c.lost || waiting != c.waiting {
				t.Errorf("%s: %v after %v, %+v, waiting for %q", name, err, took, tables, waiting)
			}
			for _, k := range all {
				if len(k.asked) > 0 && k.phase != Comparing {
					t.Errorf("%s: it compares in phase %v", name, k.phase)
				}
			}
			if r.stages.Load() != nil {
				t.Errorf("%s: it says that it compares for ever", name)
			}
		})
	}
}
