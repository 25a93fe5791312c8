package runner

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"google.golang.org/grpc"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/experiment"
	"crosstalk/internal/record"
	"crosstalk/internal/topology"
	"crosstalk/scenarios"
)

// keeper is a control whose tables, and what is pending, are those of its answers, one
// for each question; the last one stays.
type keeper struct {
	fakesvcpb.ControlClient
	asked   []string // owners, in order
	answers []answer // of tables
	pending []answer
	run     *run // that asks; nil where its phase does not matter
	phase   Phase
}

type answer struct {
	rows []*fakesvcpb.RowsResponse
	err  error
}

func (k *keeper) Rows(_ context.Context, r *fakesvcpb.RowsRequest, _ ...grpc.CallOption) (grpc.ServerStreamingClient[fakesvcpb.RowsResponse], error) {
	question := r.GetOwner()
	if r.GetPending() {
		question = "pending of " + question
	}
	k.asked = append(k.asked, question)
	if k.run != nil {
		var p Progress
		k.run.inPhase(&p)
		k.phase = p.Phase
	}
	answers := &k.answers
	if r.GetPending() {
		answers = &k.pending
	}
	if len(*answers) == 0 {
		return &rowsOf{}, nil
	}
	a := (*answers)[0]
	if len(*answers) > 1 {
		*answers = (*answers)[1:]
	}
	return &rowsOf{left: a.rows}, a.err
}

type rowsOf struct {
	grpc.ClientStream
	left []*fakesvcpb.RowsResponse
}

func (r *rowsOf) Recv() (*fakesvcpb.RowsResponse, error) {
	if len(r.left) == 0 {
		return nil, io.EOF
	}
	next := r.left[0]
	r.left = r.left[1:]
	return next, nil
}

// kept makes one message of rows.
func kept(rows ...row) *fakesvcpb.RowsResponse {
	m := &fakesvcpb.RowsResponse{}
	for _, r := range rows {
		m.Rows = append(m.Rows, &fakesvcpb.Row{Key: r.key, Version: r.version, PayloadHash: r.hash})
	}
	return m
}

// keepers is a run of async-replicated whose processes are keepers, one of each name.
func keepers(t *testing.T, names []string, settings ...string) (*run, []*keeper) {
	t.Helper()
	r := ledger(t, settings...)
	r.scenario, _ = scenarios.ByName("async-replicated")
	r.pulse, r.nodes, r.topology = &pulse{}, &nodes{}, &topology.Topology{Kind: topology.InProcess}
	all := make([]*keeper, len(names))
	copies := make(map[string]int)
	for i, name := range names {
		all[i] = &keeper{}
		r.nodes.controls = append(r.nodes.controls, &control{
			Control: scenarios.Control{Process: scenarios.Process{Name: name, Services: []experiment.Service{{Name: name}}}},
			client:  &fakesvc.ControlClient{ControlClient: all[i]},
			copy:    copies[name], shares: copies[name] > 0 && sharesDatabase(r.experiment, name),
		})
		copies[name]++
	}
	return r, all
}

// What is pending is asked of each instance of the owner, and then of each replica of
// its records, once: not of those of other owners, nor of two in one database.
func TestWhoIsAskedWhatIsPending(t *testing.T) {
	names := []string{"D", "A", "A", "B", "D"}
	for store, want := range map[string][]int{"D=memory": {1, 1, 1, 0, 1}, "D=postgres://h/d": {1, 1, 1, 0, 0}} {
		r, all := keepers(t, names, "store", store, "placement", "process", "fault", "A:abort=1%", "latency", "none")
		all[1].pending = []answer{{rows: []*fakesvcpb.RowsResponse{
			{More: true, Rows: []*fakesvcpb.Row{{Key: 1, Version: 3}, {Key: 1, Version: 2}}}, kept(row{2, 5, 0}),
		}}}
		if err := r.learnPending(t.Context(), "A"); err != nil {
			t.Fatal(err)
		}
		asked := make([]int, len(all))
		for i, k := range all {
			asked[i] = len(k.asked)
			if slices.ContainsFunc(k.asked, func(q string) bool { return q != "pending of A" }) {
				t.Errorf("%s: %s is asked for %q", store, names[i], k.asked)
			}
		}
		if !slices.Equal(asked, want) {
			t.Errorf("%s: %v are asked %v times, want %v", store, names, asked, want)
		}
		by := "held up in A by A:abort=1%"
		wanted := []pending{{by: by, more: true, newest: map[record.Key]uint64{1: 3, 2: 5}}, {by: by}, {consumer: "D"}, {consumer: "D/1"}}
		if got := r.pending["A"]; !slices.EqualFunc(got, wanted[:len(got)], func(a, b pending) bool {
			return a.consumer == b.consumer && a.by == b.by && a.more == b.more && maps.Equal(a.newest, b.newest)
		}) {
			t.Errorf("%s: %+v", store, got)
		}
	}
}

// A node that cannot say what is pending leaves it unknown.
func TestPendingThatCannotBeRead(t *testing.T) {
	for _, broken := range []int{0, 1} {
		r, all := keepers(t, []string{"A", "D"})
		all[broken].pending = []answer{{err: errors.New("gone")}}
		if err := r.learnPending(t.Context(), "A"); err == nil || r.pending != nil {
			t.Errorf("%d: %v, %v", broken, err, r.pending)
		}
	}
}
