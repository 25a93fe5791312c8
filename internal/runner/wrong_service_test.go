package runner

import (
	"context"
	"database/sql"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"

	"crosstalk/fakesvc"
	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/simnet"
	"crosstalk/scenarios"
)

// sabotaged carries out a run of which a service's database is told, after 50 requests,
// to keep no change of a key of an owner any more: it says that it has, and has not.
func sabotaged(t *testing.T, scenario, service, owner string, key record.Key, settings ...string) (out *result.Run, err error) {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	e := ask(t, append([]string{"store", "sqlite", "duration", "2s", "warmup", "0s", "latency", "none", "keys", "10", "write-rate", "50/s"}, settings...)...)
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName(scenario)
		var seen atomic.Int64
		out, err = Run(t.Context(), s, e, t.TempDir(), Options{
			Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Pacer: load.Timer,
			Observe: func(result.Row) {
				if seen.Add(1) == 50 {
					files, _ := filepath.Glob(filepath.Join(temp, "crosstalk-*", service+".sqlite"))
					forget(t, files, owner, key)
				}
			},
		})
	})
	return out, err
}

func forget(t *testing.T, files []string, owner string, key record.Key) {
	t.Helper()
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	db, err := sql.Open("sqlite", "file:"+files[0]+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TRIGGER forget BEFORE UPDATE ON "records.^` + owner + `" WHEN new.key = ` + decimal(key) + ` BEGIN SELECT RAISE(IGNORE); END`); err != nil {
		t.Fatal(err)
	}
}

func decimal(key record.Key) string { return string(rune('0' + key)) }

// A service that loses what it was given makes a run WRONG, whatever the topology, and
// with all that is known of the first loss.
func TestServiceThatLosesChanges(t *testing.T) {
	for name, c := range map[string]struct {
		scenario, service string
		settings          []string
		want              []string
		differing         int64
		lost              bool // by a replica
	}{
		"a replica": {"async-replicated", "D", nil, []string{"D's replica of B lacks version ", " of key 3, acknowledged at ", "the replica of B in D differs in 1 of 10 rows: key 3 is version "}, 1, true},
		// The fault explains what it took, and no more.
		"a replica, beside a fault": {"async-replicated", "D", []string{"fault", "bus:drop=10%"}, []string{"D's replica of B lacks version "}, 1, true},
		"an owner":                  {"sync", "B", nil, []string{"the table of B differs in 1 of 10 rows: key 3 is version ", " was acknowledged"}, 1, false},
		"an owner on the bus":       {"async-request", "B", nil, []string{"the table of B differs in 1 of 10 rows: key 3 is version "}, 1, false},
		"an owner with a replica":   {"async-replicated", "B", nil, []string{"the table of B differs in 1 of 10 rows: key 3 is version ", "D's replica of B lacks version "}, 1, true},
		"the control":               {"monolith", "D", nil, []string{"the table of B differs in 1 of 10 rows: key 3 is version "}, 1, false},
		// Queries that would show it are not even asked.
		"an owner that nobody asks": {"sync", "B", []string{"policy", "fallback=last-known"}, []string{"the table of B differs in 1 of 10 rows: key 3 is version "}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := sabotaged(t, c.scenario, c.service, "B", 3, c.settings...)
			if err == nil || out.Verdict != result.Wrong {
				t.Fatalf("verdict %s, %v", out.Verdict, err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nwant %q", err, want)
				}
			}
			if n := out.Comparison; n.Differing != c.differing || n.Lost > 0 != c.lost || n.NotCompared != "" || n.OwnerRows != 30 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// What is explained is counted against its fault, and is no error.
func TestExplainedChanges(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"a service that publishes nothing": {[]string{"fail-rate", "A=100%"}, "held up in A by A:abort=1"},
		"a replica that applies nothing":   {[]string{"fault", "D.store:abort=UNAVAILABLE:100%"}, "held up in D by D.store:abort=1"},
		"a bus that loses events":          {[]string{"fault", "bus:drop=30%"}, "bus:drop=30%"},
	} {
		out, _, err := simulate(t, "async-replicated", ask(t, append([]string{"latency", "none", "duration", "2s", "warmup", "0s", "keys", "10", "write-rate", "50/s"}, c.settings...)...), nil)
		if err != nil || out.Comparison.Differing+out.Comparison.Lost != 0 || out.Verdict == result.Wrong {
			t.Fatalf("%s: verdict %s, %v, %+v", name, out.Verdict, err, out.Comparison)
		}
		i := slices.IndexFunc(out.Comparison.Explained, func(e result.Explained) bool { return e.Fault == c.want })
		if i < 0 || out.Comparison.Explained[i].Rows == 0 || out.Comparison.Explained[i].Changes != out.UnseenChanges {
			t.Errorf("%s: explained %+v, %d unseen; want %s", name, out.Comparison.Explained, out.UnseenChanges, c.want)
		}
	}
}

// inventor is a D that answers with the first version of each record for ever.
type inventor struct {
	fakesvcpb.UnimplementedServiceServer
}

func (inventor) Query(_ context.Context, q *fakesvcpb.QueryRequest) (*fakesvcpb.QueryResponse, error) {
	var records []*fakesvcpb.Record
	for _, service := range []string{"A", "B", "C"} {
		records = append(records, &fakesvcpb.Record{
			Service: service, Key: q.GetKey(), Version: 1, Payload: record.Payload(service, record.Key(q.GetKey()), 1, 128),
		})
	}
	return &fakesvcpb.QueryResponse{Records: records}, nil
}

// invented carries out a run of which D's answers are an inventor's.
func invented(t *testing.T, scenario string, settings ...string) (out *result.Run, err error) {
	t.Helper()
	e := ask(t, append([]string{"latency", "none", "duration", "2s", "warmup", "0s", "keys", "10", "write-rate", "50/s"}, settings...)...)
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		var ports []string // in the order in which they are opened: D's comes after the broker's
		nth := 0
		s, _ := scenarios.ByName(scenario)
		if scenarios.NeedsBus(s, e) {
			nth = 1
		}
		listener, err2 := network.Listen("tcp", "127.0.0.1:0")
		if err2 != nil {
			t.Fatal(err2)
		}
		server := grpc.NewServer()
		fakesvcpb.RegisterServiceServer(server, inventor{})
		go server.Serve(listener)
		defer server.Stop()
		swapped := false
		out, err = Run(t.Context(), s, e, t.TempDir(), Options{
			Env: fakesvc.Env{
				Listen: func(proto, address string) (net.Listener, error) {
					l, err := network.Listen(proto, address)
					if err == nil {
						ports = append(ports, l.Addr().String())
					}
					return l, err
				},
				Dial: func(ctx context.Context, proto, address string) (net.Conn, error) {
					if len(ports) > nth && address == ports[nth] && !swapped { // the driver's queries have the first connection
						address, swapped = listener.Addr().String(), true
					}
					return network.Dial(ctx, proto, address)
				},
			},
			Pacer: load.Timer,
		})
	})
	return out, err
}

// A D that invents what it answers is found out where it should have asked, however
// intact its answers are; a replica may be that old.
func TestServiceThatInvents(t *testing.T) {
	for scenario, wrong := range map[string]bool{"sync": true, "async-request": true, "monolith": true, "async-replicated": false} {
		out, err := invented(t, scenario)
		const want = "is version 1, and version 2 was acknowledged before the request was sent"
		if out == nil {
			t.Fatalf("%s: %v", scenario, err)
		}
		if (err != nil && strings.Contains(err.Error(), want)) != wrong || (out.Verdict == result.Wrong) != wrong || out.Answers.Stale == 0 {
			t.Errorf("%s: verdict %s, %v, %+v", scenario, out.Verdict, err, out.Answers)
		}
	}
}
