package runner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"crosstalk/internal/load"
	"crosstalk/internal/record"
	"crosstalk/internal/result"
	"crosstalk/internal/theory"
	"crosstalk/scenarios"
)

// Each finding has its verdict and its words, with its figures.
func TestEachFindingSaysWhatItFound(t *testing.T) {
	saturated := func(f findings) findings {
		f.closedLoop, f.handling = true, result.Quantiles{Count: 20, P50: 0.011}
		return f
	}
	const counted = "answers counted late: in 50 % of the requests the driver came to the answer 11ms or more after it had arrived, " +
		"above the bound of 10ms (2 % of the latency's p50, or what is usual here): it takes from the cores what the services need"
	for name, c := range map[string]struct {
		findings findings
		want     result.Verdict
		warnings []string
	}{
		"nothing was sent": {findings{requests: result.Requests{Due: 3, Sent: -1}, measured: 2 * time.Second}, result.Invalid,
			[]string{"nothing was measured: 3 requests were due in 2s, and none was sent"}},
		"nothing succeeded": {findings{requests: result.Requests{Sent: 100}, errorRate: 0.9}, result.Invalid,
			[]string{"no request succeeded, of 100 that were sent, and 10 % should have: is the service there that is queried?"}},
		"nothing succeeded of the few that should": {findings{requests: result.Requests{Sent: 100}, errorRate: 0.93}, result.OK, nil},
		"one succeeded": {findings{requests: result.Requests{Sent: 100, Succeeded: 1}}, result.OK, nil},
		"the window was full": {findings{waited: 3, maxInFlight: 5}, result.Invalid,
			[]string{"in-flight window full: 3 requests waited because 5 others were under way (--max-in-flight)"}},
		"some were never sent": {findings{unsent: 4, drained: 30*time.Second + 400*time.Microsecond}, result.Invalid,
			[]string{"4 requests were never sent: the window did not clear within 30s of the end"}},
		"some were never offered": {findings{unoffered: 4}, result.Invalid,
			[]string{"4 requests were never sent: the driver could not keep up with their rate"}},
		"it used all cores": {findings{cpu: 0.95, busy: 0.92}, result.Invalid,
			[]string{"CPU saturated: 95.0 % of all cores were in use, above the bound of 90 %; this process used 95.0 %"}},
		"it used all cores, as asked": {findings{closedLoop: true, cpu: 0.86, busy: 0.95}, result.OK,
			[]string{"CPU saturated: 95.0 % of all cores were in use, above the bound of 90 %; this process used 86.0 %"}},
		"others used a tenth of them": {findings{closedLoop: true, cpu: 0.9, busy: 1}, result.OK,
			[]string{"CPU saturated: 100.0 % of all cores were in use, above the bound of 90 %; this process used 90.0 %"}},
		"others used them in a closed loop": {findings{closedLoop: true, cpu: 0.8, busy: 0.95}, result.Invalid,
			[]string{"CPU saturated: 95.0 % of all cores were in use, above the bound of 90 %; this process used 80.0 %"}},
		"writes were never sent": {findings{writesUnsent: 2}, result.OK,
			[]string{"2 writes were never sent: --max-in-flight others were under way, or the driver could not keep up"}},
		"changes were not visible": {findings{unseen: 2, awaited: 30 * time.Second, untold: 1, explained: []result.Explained{{Fault: "bus:drop=1%", Changes: 1}, {Fault: "A:abort=1", Rows: 1}}}, result.OK,
			[]string{"2 acknowledged changes did not become visible within 30s of the end: the replication lag leaves them out",
				"1 changes are visible, and no node told since when: the replication lag leaves them out", "1 of those are explained: bus:drop=1%"}},
		"a table was not compared": {findings{uncompared: errors.New("a\nb")}, result.Invalid, []string{"a; b"}},
		"a file is not complete":   {findings{unwritten: errors.New("full")}, result.OK, []string{"a file is not complete: full"}},
		"it ended early": {findings{failed: errors.New("A left"), interrupted: true, measured: 1500 * time.Millisecond}, result.Invalid,
			[]string{"ended early: A left; the figures cover the 1.5s that were measured until then"}},
		"it was silent": {findings{silences: []result.Silence{{Process: "A", StartSeconds: 1, LengthSeconds: 8}}}, result.Invalid,
			[]string{"no sign of life, and no fault asked for that: A from 1.0 s on for 8.0 s; something outside of the run has stopped or starved it"}},
		"a node tells nothing":                          {findings{missing: errors.New("a\nb")}, result.Invalid, []string{"a; b"}},
		"an answer was wrong":                           {findings{wrong: errors.New("a\nb"), missing: errors.New("c")}, result.Wrong, []string{"c", "wrong: a; b"}},
		"not compared, not interrupted":                 {findings{notCompared: "A has no control"}, result.OK, nil},
		"counted late, and the cores were the limit":    {saturated(findings{cpu: 0.91, busy: 0.95}), result.OK, []string{counted, "CPU saturated: 95.0 % of all cores were in use, above the bound of 90 %; this process used 91.0 %"}},
		"counted late, and nobody knows of the cores":   {saturated(findings{}), result.OK, []string{counted}},
		"counted late, and the cores were at the bound": {saturated(findings{cpu: 0.9, busy: 0.9}), result.Invalid, []string{counted}},
	} {
		switch c.findings.requests.Sent {
		case 0:
			c.findings.requests.Sent = 1
		case -1:
			c.findings.requests.Sent = 0
		}
		if got, warnings := judge(c.findings); got != c.want || !slices.Equal(warnings, c.warnings) {
			t.Errorf("%s: %s\n%s\nwant %s\n%s", name, got, strings.Join(warnings, "\n"), c.want, strings.Join(c.warnings, "\n"))
		}
	}
}

// A percentile of the handling delay counts from ten requests on that exceed it.
func TestHandlingIsJudgedWhereTenExceedIt(t *testing.T) {
	for percent, c := range map[string]struct {
		enough int64
		of     func(q *result.Quantiles) *float64
	}{
		"50": {20, func(q *result.Quantiles) *float64 { return &q.P50 }}, "10": {100, func(q *result.Quantiles) *float64 { return &q.P90 }},
		"1": {1000, func(q *result.Quantiles) *float64 { return &q.P99 }}, "0.1": {10_000, func(q *result.Quantiles) *float64 { return &q.P999 }},
	} {
		for count, want := range map[int64]result.Verdict{c.enough: result.Invalid, c.enough - 1: result.OK} {
			f := findings{requests: result.Requests{Sent: 1}, handling: result.Quantiles{Count: count}}
			*c.of(&f.handling) = 0.011
			got, warnings := judge(f)
			if got != want || want == result.Invalid && !strings.Contains(strings.Join(warnings, ""), "in "+percent+" % of the requests") {
				t.Errorf("%s %% of %d: %s %q, want %s", percent, count, got, warnings, want)
			}
		}
	}
}

// Theory is asked only where nothing succeeded.
func TestExpectedErrors(t *testing.T) {
	for name, c := range map[string]struct {
		scenario string
		out      result.Run
		want     float64
	}{
		"some succeeded":            {"", result.Run{Requests: result.Requests{Succeeded: 1}, Predicted: &theory.Prediction{ErrorRate: 0.7}}, 0},
		"none did":                  {"", result.Run{Predicted: &theory.Prediction{ErrorRate: 0.7}}, 0.7},
		"nobody has predicted":      {"sync", result.Run{}, 0.25},
		"no theory of the scenario": {"other", result.Run{}, 1},
	} {
		r := &run{experiment: ask(t, "fail-rate", "A=25%", "latency", "none"), scenario: scenarios.Scenario{Name: c.scenario}}
		if got := r.expectedErrors(t.Context(), &c.out); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// The shares of the cores are taken of a measurement that is long enough for the ticks
// that the kernel counts in.
func TestFindingsOfTheCores(t *testing.T) {
	for _, c := range []struct {
		meter     cpuMeter
		cpu, busy float64
	}{
		{cpuMeter{used: 3 * time.Second, busy: 4 * time.Second, wall: 2 * time.Second, cores: 8}, 0.375, 0.25},
		{cpuMeter{used: time.Second, busy: time.Second, wall: time.Second, cores: 2}, 0.25, 0.5},
		{cpuMeter{used: time.Second, busy: 0, wall: time.Second}, 0.25, 0},
		{cpuMeter{used: time.Second, busy: time.Second, wall: time.Second - 1, cores: 2}, 0, 0},
	} {
		r := &run{experiment: ask(t), cpu: c.meter, book: load.NewOracle(nil, 0, 0), lag: load.NewLag(nil, nil), driver: load.NewDriver(load.Config{}, load.Target{}, nil, nil, nil)}
		out := &result.Run{Requests: result.Requests{Succeeded: 1}, Environment: result.Environment{Cores: 4}, MeasuredSeconds: 1.5}
		if f := r.findings(t.Context(), out, false); f.cpu != c.cpu || f.busy != c.busy || f.measured != 1500*time.Millisecond || f.closedLoop {
			t.Errorf("%+v: cpu %v, busy %v, measured %v", c.meter, f.cpu, f.busy, f.measured)
		}
	}
}

// A change that a replica lacks is explained by the loss of its event, by a kill of its
// owner without an outbox, or by what holds it up; else by nothing.
func TestExplains(t *testing.T) {
	change := func(version uint64, at time.Duration) load.Change {
		return load.Change{Replica: load.Replica{Consumer: "D", Owner: "A"}, Key: 1, Version: version, At: at}
	}
	kills := []string{"placement", "process", "store", "sqlite", "fault", "B:kill@1s+1s; A:kill@2s+1s; A:stop@5s+1s; bus:kill@8s+1s"}
	for name, c := range map[string]struct {
		settings []string
		lost     uint64
		restart  string
		pending  []pending
		change   load.Change
		want     string
	}{
		"nothing":                  {change: change(2, 0)},
		"its event was dropped":    {settings: []string{"fault", "bus:drop=1%; A.events:poison=2%; B.events:poison=3%; bus:delay=1ms"}, lost: 2, change: change(2, 0), want: "bus:drop=1% or A.events:poison=2%"},
		"another event was":        {settings: []string{"fault", "bus:drop=1%"}, lost: 3, change: change(2, 0)},
		"killed before":            {settings: append(kills, "outbox", "off"), restart: "A", change: change(2, time.Second), want: "A:kill@2s+1s with --outbox=off"},
		"at the end of its window": {settings: append(kills, "outbox", "off"), restart: "A", change: change(2, 3*time.Second), want: "A:kill@2s+1s with --outbox=off"},
		"by the next signal":       {settings: append(kills, "outbox", "off"), restart: "A", change: change(2, 3*time.Second+1), want: "A:stop@5s+1s with --outbox=off"},
		"killed, with its outbox":  {settings: kills, restart: "A", change: change(2, time.Second)},
		"another one was killed":   {settings: append(kills, "outbox", "off"), restart: "B", change: change(2, time.Second)},
		"it is pending":            {pending: []pending{{newest: map[record.Key]uint64{1: 2}, by: "x"}}, change: change(2, 0), want: "x"},
		"a newer one is":           {pending: []pending{{newest: map[record.Key]uint64{1: 3}, by: "x"}}, change: change(2, 0), want: "x"},
		"an older one is":          {pending: []pending{{newest: map[record.Key]uint64{1: 2}, by: "x"}}, change: change(3, 0)},
		"that of another key is":   {pending: []pending{{newest: map[record.Key]uint64{2: 2}, by: "x"}}, change: change(2, 0)},
		"of more than is told":     {pending: []pending{{more: true, by: "x"}}, change: change(2, 0), want: "x"},
		"in another replica":       {pending: []pending{{consumer: "E", more: true, by: "x"}}, change: change(2, 0)},
		"in this one":              {pending: []pending{{consumer: "E", more: true, by: "x"}, {consumer: "D", more: true, by: "y"}}, change: change(2, 0), want: "y"},
		"the first that has it":    {pending: []pending{{more: true}, {consumer: "D", more: true, by: "y"}}, change: change(2, 0)},
	} {
		r := ledger(t, c.settings...)
		if c.lost > 0 {
			r.lag.Lost("D", "A", 1, c.lost)
		}
		r.book.Restarted(c.restart)
		r.pending = map[string][]pending{"A": c.pending, "B": {{more: true, by: "z"}}}
		if got := r.explains(c.change); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What holds up the changes of a service is named: its own faults but those of its
// events, those of the bus, and its workers.
func TestHolders(t *testing.T) {
	for _, c := range []struct {
		settings []string
		want     string
	}{
		{nil, ""},
		{[]string{"fault", "B:abort=1%; B.store:delay=5ms"}, ""},
		{[]string{"fault", "A.events:poison=1%"}, ""},
		{[]string{"fault", "A:abort=1%; A.store:delay=5ms; bus:delay=1ms; B:hang=1%"}, "held up in A by A:abort=1%, A.store:delay=5ms, bus:delay=1ms"},
		{[]string{"workers", "A=3"}, "held up in A by --workers=A=3,queue=100"},
		{[]string{"workers", "B=3"}, ""},
	} {
		r := &run{experiment: ask(t, append([]string{"latency", "none"}, c.settings...)...)}
		if got := r.holders("A"); got != c.want {
			t.Errorf("%v: %q, want %q", c.settings, got, c.want)
		}
	}
}

// Each change that is left is lost or explained, and counted once.
func TestJudgeUnseen(t *testing.T) {
	left := func(n int, settings ...string) *run {
		r := &run{experiment: ask(t, settings...), book: load.NewOracle([]string{"A"}, 128, time.Second)}
		r.lag = load.NewLag([]load.Replica{{Consumer: "D", Owner: "A"}}, func(_, _ time.Duration) {})
		for key := range record.Key(n) {
			r.lag.Acknowledged("A", key, 2, 2, 1500*time.Millisecond)
		}
		return r
	}
	var named []string
	for key := range 5 {
		named = append(named, fmt.Sprintf("D's replica of A lacks version 2 of key %d, acknowledged at 1.5s", key))
	}
	for n, want := range map[int]string{0: "", 1: named[0], 5: strings.Join(named, ", "), 6: strings.Join(named, ", ")} {
		r := left(n)
		r.judgeUnseen(t.Context())
		text := ""
		if r.tables.wrong != nil {
			text = r.tables.wrong.Error()
		}
		if want != "" {
			want = fmt.Sprintf("%d acknowledged changes did not become visible, and no fault explains it: %s", n, want)
		}
		if text != want || r.tables.Lost != int64(n) {
			t.Errorf("of %d: %q, %d lost; want %q", n, text, r.tables.Lost, want)
		}
	}
	unread := left(1)
	if unread.tables.failed = errors.New("not read"); true {
		unread.judgeUnseen(t.Context())
	}
	if unread.tables.Lost != 0 || unread.tables.wrong != nil {
		t.Errorf("of tables that were not read, %d are lost: %v", unread.tables.Lost, unread.tables.wrong)
	}
	held := left(3)
	held.pending = map[string][]pending{"A": {{newest: map[record.Key]uint64{0: 2, 1: 2}, by: "x"}}}
	held.judgeUnseen(t.Context())
	if e := held.tables.Explained; held.tables.Lost != 1 || len(e) != 1 || e[0] != (result.Explained{Fault: "x", Changes: 2}) {
		t.Errorf("%d lost, explained %+v; want 1, and 2 by x", held.tables.Lost, e)
	}
}

// The first table is the owner's, the others are replicas; what is explained adds up by
// its fault, and errors stand side by side.
func TestTablesAddUp(t *testing.T) {
	r := &run{}
	wrong := some{2, []string{"a", "b"}}
	for range 2 {
		r.addTables([]*differences{
			{what: "the table of A", rows: 10, wrong: wrong, behind: some{count: 9}},
			{what: "one", rows: 20, explained: map[string]int64{"x": 1}},
			{what: "two", rows: 30, behind: some{1, []string{"c"}}, explained: map[string]int64{"x": 2}},
		})
	}
	r.tables.explain("x", 0, 5)
	r.tables.explain("y", 1, 0)
	c := r.tables.Comparison
	if c.OwnerRows != 20 || c.ReplicaRows != 100 || c.Differing != 6 || !slices.Equal(c.Explained, []result.Explained{{Fault: "x", Rows: 6, Changes: 5}, {Fault: "y", Rows: 1}}) {
		t.Errorf("%+v", c)
	}
	if want := "the table of A differs in 2 of 10 rows: a, b; two differs in 1 of 30 rows: c"; !strings.HasPrefix(oneLine(r.tables.wrong), want) {
		t.Errorf("%v, want %s", r.tables.wrong, want)
	}
}

// What the replica's rows show is visible, though no node told since when.
func TestHeldRowsAreVisible(t *testing.T) {
	r := ledger(t)
	r.holdReplica(load.Replica{Consumer: "D", Owner: "A"}, []row{of(1, 4)}, []row{of(1, 3)})
	if r.tables.untold != 2 || r.lag.Unseen() != 1 { // versions 2 and 3, and 4 is not there
		t.Errorf("%d untold, %d unseen", r.tables.untold, r.lag.Unseen())
	}
	r.holdReplica(load.Replica{Consumer: "D", Owner: "A"}, []row{of(1, 4)}, []row{of(1, 4)})
	if r.tables.untold != 3 || r.lag.Unseen() != 0 {
		t.Errorf("%d untold, %d unseen", r.tables.untold, r.lag.Unseen())
	}
}

// A process that is being started again is away; one that refuses is not.
func TestAway(t *testing.T) {
	for code, want := range map[codes.Code]bool{codes.Unavailable: true, codes.FailedPrecondition: true, codes.Internal: false, codes.DeadlineExceeded: false} {
		if got := isAway(fmt.Errorf("read: %w", status.Error(code, "x"))); got != want {
			t.Errorf("%v: %v", code, got)
		}
	}
	if isAway(errors.New("x")) {
		t.Error("an error of no node")
	}
}
