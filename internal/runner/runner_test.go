package runner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/internal/counts"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
	"crosstalk/internal/load"
	"crosstalk/internal/result"
	"crosstalk/internal/simnet"
	"crosstalk/scenarios"
)

func ask(t *testing.T, settings ...string) *experiment.Experiment {
	t.Helper()
	e := experiment.Default()
	settings = append([]string{"store", "memory", "rate", "100", "arrival", "constant", "duration", "10s", "warmup", "1s", "keys", "50"}, settings...)
	for i := 0; i < len(settings); i += 2 {
		for _, s := range e.Settings() {
			if s.Name == settings[i] {
				if err := s.Value.UnmarshalText([]byte(settings[i+1])); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := e.Validate(scenarios.Names(), scenarios.Remote); err != nil {
		t.Fatal(err)
	}
	return &e
}

// simulate carries out a whole run in a bubble: a minute of it takes no time, and
// every figure but the CPU's is exact.
func simulate(t *testing.T, scenario string, e *experiment.Experiment, during func(ctx context.Context, cancel context.CancelFunc)) (out *result.Run, dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName(scenario)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if during != nil {
			during(ctx, cancel)
		}
		out, err = Run(ctx, s, e, dir, Options{
			Env:   fakesvc.Env{Listen: network.Listen, Dial: network.Dial},
			Pacer: load.Timer,
		})
	})
	return out, dir, err
}

func TestRunIsExact(t *testing.T) {
	for scenario, latency := range map[string]float64{
		"sync": 0.03, "async-request": 0.03, "monolith": 0.03, "async-replicated": 0,
	} {
		t.Run(scenario, func(t *testing.T) {
			run, dir, err := simulate(t, scenario, ask(t, "latency", "A=10ms,B=20ms,C=30ms"), nil)
			if err != nil {
				t.Fatal(err)
			}
			if run.Latency.Min != latency || run.Latency.Max != latency || run.Lateness.Max != 0 {
				t.Errorf("latency %v to %v, lateness up to %v; want %v and 0", run.Latency.Min, run.Latency.Max, run.Lateness.Max, latency)
			}
			if run.Requests.Due != 1000 || run.Requests.Succeeded != 1000 || run.WarmUp.Succeeded != 100 || run.Verdict != result.OK {
				t.Errorf("%+v, warm-up %+v, %s %v", run.Requests, run.WarmUp, run.Verdict, run.Warnings)
			}
			if run.Writes.Due != 100 || run.Writes.Acknowledged != 100 || run.Answers.Correct+run.Answers.Stale != 1000 {
				t.Errorf("%+v, %+v", run.Writes, run.Answers)
			}
			checkReplica(t, scenario, run)
			checkFolder(t, filepath.Join(dir, scenario), run)
		})
	}
}

// The work of the owners, 10 to 30 ms, is the lag of a change, and no answer is
// older than that.
func checkReplica(t *testing.T, scenario string, run *result.Run) {
	t.Helper()
	if scenario != "async-replicated" {
		if run.Answers.Stale != 0 || run.ReplicationLag.Count != 0 || len(run.CopyBytes) != 0 {
			t.Errorf("without a replica: %+v, lag %+v, copies %v", run.Answers, run.ReplicationLag, run.CopyBytes)
		}
		return
	}
	lag := run.ReplicationLag
	if lag.Count != 100 || lag.Min != 0.01 || lag.Max != 0.03 {
		t.Errorf("lag %+v, want 100 from 10 to 30 ms", lag)
	}
	if run.Staleness.Max > 0.03 || run.Events != 100 || run.EventsPerRequest != 0.1 {
		t.Errorf("staleness %+v, %d events, %v per request", run.Staleness, run.Events, run.EventsPerRequest)
	}
	// Each copy has the 50 records of its owner.
	if own := run.StorageBytes["A"] + run.StorageBytes["B"] + run.StorageBytes["C"]; run.CopyBytes["D"] != own || own == 0 {
		t.Errorf("copies of %d bytes, originals of %d", run.CopyBytes["D"], own)
	}
}

func checkFolder(t *testing.T, dir string, run *result.Run) {
	t.Helper()
	loaded, err := result.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Run.Latency != run.Latency || loaded.Latency.TotalCount() != run.Requests.Succeeded {
		t.Errorf("the folder has %+v, and a histogram of %d", loaded.Run.Latency, loaded.Latency.TotalCount())
	}
	if _, err := os.Stat(filepath.Join(dir, result.SamplesFile)); err == nil {
		t.Error("samples were written that nobody asked for")
	}
}

// Which requests fail is the same in each topology where they reach the owners,
// and the delivered rate is the one that the seed gives, to the request.
func TestFaultsArePairedAcrossTopologies(t *testing.T) {
	e := ask(t, "fail-rate", "0.05", "latency", "none")
	var first *result.Run
	for _, scenario := range []string{"sync", "async-request", "monolith"} {
		run, _, err := simulate(t, scenario, e, nil)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = run
			expected := 1 - 0.95*0.95*0.95
			if run.ErrorRate.Low > expected || run.ErrorRate.High < expected {
				t.Errorf("error rate %+v, and 1 − (1 − p)³ is %.4f", run.ErrorRate, expected)
			}
			if run.Requests.Failed == 0 || run.Failures["UNAVAILABLE"] != run.Requests.Failed {
				t.Errorf("%+v, %v", run.Requests, run.Failures)
			}
			continue
		}
		if run.Requests.Failed != first.Requests.Failed {
			t.Errorf("%d requests fail in %s, %d in sync", run.Requests.Failed, scenario, first.Requests.Failed)
		}
	}
}

// An outage of B for 3 of the 10 seconds: sync fails for just that long,
// async-replicated never, and the changes of B are visible when it is over.
func TestOutageIsDelivered(t *testing.T) {
	// Not at a moment at which a request is due: what comes first then is open.
	e := ask(t, "outage", "B@3995ms+3s", "latency", "none")
	window := counts.Window{StartSeconds: 3.995, LengthSeconds: 3}
	run, _, err := simulate(t, "sync", e, nil)
	if err != nil {
		t.Fatal(err)
	}
	// The connection is back at the first attempt after the end: at most 250 ms.
	if run.Requests.Failed < 300 || run.Requests.Failed > 325 {
		t.Errorf("%d requests failed, want the 300 of the outage and at most 25 more", run.Requests.Failed)
	}
	if f := run.Faults[0]; f.Kind != "outage" || f.DeliveredWindow == nil || *f.DeliveredWindow != window {
		t.Errorf("delivered %+v", f)
	}
	if len(run.Impacts) != 1 || run.Impacts[0].Window != window || run.Impacts[0].Requests != 300 || run.Impacts[0].ErrorRate.Value != 1 {
		t.Errorf("impacts %+v", run.Impacts)
	}
	if run.Writes.Failed == 0 || run.Writes.Failed+run.Writes.Acknowledged != run.Writes.Due {
		t.Errorf("%+v: writes to B cannot be acknowledged while it is away", run.Writes)
	}
	run, _, err = simulate(t, "async-replicated", e, nil)
	if err != nil || run.Requests.Failed != 0 || run.Verdict != result.OK {
		t.Errorf("async-replicated: %+v, %v %v, %v", run.Requests, run.Verdict, run.Warnings, err)
	}
}

// An instrument that is the limit says so: here only one request may be under way.
func TestInvalid(t *testing.T) {
	run, _, err := simulate(t, "sync", ask(t, "latency", "50ms", "max-in-flight", "1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict != result.Invalid || len(run.Warnings) < 2 || !strings.Contains(strings.Join(run.Warnings, "\n"), "in-flight window full") {
		t.Errorf("%s: %q", run.Verdict, run.Warnings)
	}
}

func TestInterrupted(t *testing.T) {
	run, dir, err := simulate(t, "sync", ask(t, "latency", "10ms"), func(_ context.Context, cancel context.CancelFunc) {
		time.AfterFunc(5*time.Second, cancel) // of which the start takes 0.1 s, the warm-up 1 s
	})
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict != result.Interrupted || run.Requests.Sent != run.Requests.Succeeded || run.MeasuredSeconds != 3.9 {
		t.Errorf("%s after %v s: %+v", run.Verdict, run.MeasuredSeconds, run.Requests)
	}
	if run.Requests.RateAchieved < 99 || run.Requests.RateAchieved > 101 {
		t.Errorf("the rate counts over what was measured, but is %v", run.Requests.RateAchieved)
	}
	checkFolder(t, filepath.Join(dir, "sync"), run)
}

func TestInterruptedInTheWarmUp(t *testing.T) {
	run, dir, err := simulate(t, "async-replicated", ask(t), func(_ context.Context, cancel context.CancelFunc) {
		time.AfterFunc(500*time.Millisecond, cancel)
	})
	if !errors.Is(err, context.Canceled) || run != nil {
		t.Errorf("%v, %+v; nothing was measured", err, run)
	}
	noFolder(t, dir)
}

func noFolder(t *testing.T, dir string) {
	t.Helper()
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%v is left", entries)
	}
}

// The measured part is over, and D's copy still waits for changes of B, which
// work takes a minute to publish. What is said is what was waited.
func TestInterruptedWhileChangesAreAwaited(t *testing.T) {
	e := ask(t, "latency", "A=1ms,B=1m,C=1ms", "write-rate", "10", "duration", "2s")
	run, _, err := simulate(t, "async-replicated", e, func(_ context.Context, cancel context.CancelFunc) {
		time.AfterFunc(lead+time.Second+2*time.Second+1500*time.Millisecond, cancel)
	})
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict != result.Interrupted || run.MeasuredSeconds != 2 || run.Requests.Sent != 200 {
		t.Errorf("%s after %v s: %+v", run.Verdict, run.MeasuredSeconds, run.Requests)
	}
	// The start takes a moment as well, in which the topics are made.
	if said := strings.Join(run.Warnings, "\n"); run.UnseenChanges == 0 || !strings.Contains(said, "within 1.4") || !strings.Contains(said, "interrupted") {
		t.Errorf("%d unseen, %q", run.UnseenChanges, run.Warnings)
	}
}

func TestInterruptedWhileDraining(t *testing.T) {
	e := ask(t, "latency", "A=500ms", "timeout", "5s", "max-in-flight", "1", "warmup", "0s", "duration", "2s")
	run, _, err := simulate(t, "sync", e, func(_ context.Context, cancel context.CancelFunc) {
		time.AfterFunc(lead+2*time.Second+700*time.Millisecond, cancel)
	})
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(run.Warnings, "\n")
	if run.Verdict != result.Interrupted || !strings.Contains(said, "did not clear within 700ms of the end") || run.Requests.Sent >= run.Requests.Due {
		t.Errorf("%s, %q: %+v", run.Verdict, run.Warnings, run.Requests)
	}
}

// Nothing may be due in a short run at a low rate; then there are no figures.
func TestNothingMeasured(t *testing.T) {
	run, _, err := simulate(t, "sync", ask(t, "rate", "0.0001", "arrival", "poisson", "duration", "1s"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict != result.Invalid || !strings.Contains(strings.Join(run.Warnings, "\n"), "nothing was measured") {
		t.Errorf("%s %q", run.Verdict, run.Warnings)
	}
}

func TestClosedLoopHasItsShareOfWrites(t *testing.T) {
	e := ask(t, "rate", "0", "concurrency", "4", "latency", "10ms", "duration", "2s")
	run, _, err := simulate(t, "sync", e, nil)
	if err != nil {
		t.Fatal(err)
	}
	if run.Requests.Sent < 700 || run.Writes.Due != run.Requests.Sent/10 || run.Writes.Acknowledged != run.Writes.Due {
		t.Errorf("%+v, %+v: want a write with each tenth request", run.Requests, run.Writes)
	}
}

// A payload above the limits that gRPC and Kafka have by default gets through. One
// read and one write of each will do: to make and to check payloads takes real time.
func TestLargePayload(t *testing.T) {
	for _, scenario := range []string{"sync", "async-request", "async-replicated"} {
		t.Run(scenario, func(t *testing.T) {
			e := ask(t, "payload", "5MB", "keys", "1", "rate", "1", "write-rate", "1", "duration", "1s", "warmup", "0s", "latency", "none")
			run, _, err := simulate(t, scenario, e, nil)
			if err != nil {
				t.Fatal(err)
			}
			if run.Requests.Succeeded != 1 || run.Writes.Acknowledged != 1 || run.UnseenChanges != 0 {
				t.Errorf("%+v %v, %+v, %d unseen", run.Requests, run.Failures, run.Writes, run.UnseenChanges)
			}
		})
	}
}

// A cluster that refuses is found before anything is run, where it is needed.
func TestProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		o := Options{Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}}
		e := ask(t, "kafka", "127.0.0.1:9")
		if err := Probe(t.Context(), []string{"sync", "async-request"}, e, o); err == nil || !strings.Contains(err.Error(), "127.0.0.1:9") {
			t.Errorf("error %v", err)
		}
		if err := Probe(t.Context(), []string{"sync", "monolith"}, e, o); err != nil {
			t.Errorf("nobody needs it: %v", err)
		}
		if err := Probe(t.Context(), []string{"async-request"}, ask(t), o); err != nil {
			t.Errorf("the embedded one: %v", err)
		}
	})
}

// What cannot start leaves no folder and nothing running, and names the address.
func TestKafkaThatRefuses(t *testing.T) {
	_, dir, err := simulate(t, "async-request", ask(t, "kafka", "127.0.0.1:9"), nil)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:9") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%v is left", entries)
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sync"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName("sync")
		_, err := Run(t.Context(), s, ask(t), dir, Options{Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Pacer: load.Timer})
		if err == nil {
			t.Error("a file stands in the way, and there is no error")
		}
	})
}

func TestSamplesAreEveryRequest(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var network simnet.Network
		s, _ := scenarios.ByName("sync")
		_, err := Run(t.Context(), s, ask(t, "latency", "10ms"), dir, Options{
			Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Pacer: load.Timer, Samples: true,
		})
		if err != nil {
			t.Error(err)
		}
	})
	text, err := os.ReadFile(filepath.Join(dir, "sync", result.SamplesFile))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines != 1+100+1000 {
		t.Errorf("%d lines, want a header, 100 of the warm-up and 1000", lines)
	}
}

func TestRunKeepsWhatWasAsked(t *testing.T) {
	run, _, err := simulate(t, "sync", ask(t, "seed", "7", "duration", "2s"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if asked := run.Experiment; asked.Text("duration") != "2s" || asked.Text("latency") != "lognormal(5ms,50ms)" {
		t.Errorf("%+v", run.Experiment)
	}
	if run.Environment.Bus != "none" || run.Environment.Stores["D"] != "memory" || run.Environment.Cores < 1 {
		t.Errorf("%+v", run.Environment)
	}
}

func TestJudge(t *testing.T) {
	late := result.Quantiles{P99: 0.0101}
	for name, c := range map[string]struct {
		findings findings
		want     result.Verdict
		warnings int
	}{
		"nothing":                   {findings{}, result.OK, 0},
		"at the bounds":             {findings{lateness: result.Quantiles{P99: 0.01}, cpu: 0.9, busy: 0.9}, result.OK, 0},
		"late":                      {findings{lateness: late}, result.Invalid, 1},
		"window":                    {findings{waited: 1}, result.Invalid, 1},
		"busy":                      {findings{cpu: 0.91}, result.Invalid, 1},
		"busy, as asked":            {findings{cpu: 0.91, closedLoop: true}, result.OK, 1},
		"starved":                   {findings{cpu: 0.2, busy: 0.91}, result.Invalid, 1},
		"starved as fast as it can": {findings{cpu: 0.6, busy: 0.99, closedLoop: true}, result.Invalid, 1},
		"no requests":               {findings{}, result.Invalid, 1},
		"no success":                {findings{requests: result.Requests{Sent: 10}}, result.Invalid, 1},
		"none, of a few":            {findings{requests: result.Requests{Sent: 7}}, result.OK, 0},
		"none, as asked":            {findings{requests: result.Requests{Sent: 1000}, errorRate: 0.999}, result.OK, 0},
		"not compared":              {findings{uncompared: errors.New("x")}, result.Invalid, 1},
		"explained":                 {findings{unseen: 3, explained: []result.Explained{{Fault: "A:kill@1s+1s with --outbox=off", Changes: 3}}}, result.OK, 2},
		"not told of":               {findings{untold: 1}, result.OK, 1},
		"never offered":             {findings{unoffered: 1}, result.Invalid, 1},
		"writes left":               {findings{writesUnsent: 1}, result.OK, 1},
		"a file left":               {findings{unwritten: errors.New("x")}, result.OK, 1},
		"all of it":                 {findings{lateness: late, waited: 1, unsent: 1, cpu: 1}, result.Invalid, 4},
		"interrupted":               {findings{interrupted: true}, result.Interrupted, 1},
		"interrupted when invalid":  {findings{interrupted: true, waited: 1}, result.Interrupted, 2},
		"wrong above all":           {findings{wrong: errors.New("x"), interrupted: true, waited: 1}, result.Wrong, 3},
		"not visible":               {findings{unseen: 3}, result.OK, 1},
	} {
		if name != "no requests" {
			c.findings.requests.Sent = max(c.findings.requests.Sent, 1)
		}
		if got, warnings := judge(c.findings); got != c.want || len(warnings) != c.warnings {
			t.Errorf("%s: %s %q, want %s and %d warnings", name, got, warnings, c.want, c.warnings)
		}
	}
}

// What is above a bound does not read as if it were at it.
func TestAbove(t *testing.T) {
	for value, want := range map[float64]string{91.24: "91.2", 90.04: "90.04", 90.00001: "90.00001", 100: "100.0"} {
		if got := above(value, 90); got != want {
			t.Errorf("%v is %q, want %q", value, got, want)
		}
	}
	_, warnings := judge(findings{requests: result.Requests{Sent: 1}, lateness: result.Quantiles{P99: 0.0100001}})
	if len(warnings) != 1 || !strings.Contains(warnings[0], "10.0001ms") {
		t.Errorf("%q", warnings)
	}
	if got := later(17_800_612_345, 10*time.Millisecond); got != 17_800*time.Millisecond {
		t.Errorf("%v has more digits than it takes", got)
	}
}

// A cluster by address is the same code path; the run's topics are gone when it
// has ended, and what others have there is left alone.
func TestBusByAddress(t *testing.T) {
	for _, scenario := range []string{"async-request", "async-replicated"} {
		t.Run(scenario, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var network simnet.Network
				broker, err := bus.StartBroker(network.Listen)
				if err != nil {
					t.Fatal(err)
				}
				defer broker.Close()
				client, err := bus.Open(t.Context(), bus.Config{Addresses: broker.Addresses(), Dial: network.Dial})
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				if err := client.EnsureTopics(t.Context(), bus.Topic{Name: "others"}); err != nil {
					t.Fatal(err)
				}
				s, _ := scenarios.ByName(scenario)
				e := ask(t, "kafka", broker.Addresses()[0], "latency", "10ms", "duration", "2s")
				run, err := Run(t.Context(), s, e, dir, Options{
					Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Pacer: load.Timer,
				})
				if err != nil || run.Requests.Succeeded != 200 || run.Environment.Bus != broker.Addresses()[0] {
					t.Fatalf("%v, %+v", err, run)
				}
				// Under the fake clock, on an embedded broker in the cluster's place.
				if d := run.Environment.BusRoundTrip; d == nil || *d != (result.RoundTrip{Count: roundTrips}) {
					t.Errorf("the cluster is %+v away", d)
				}
				topics, err := client.Topics(t.Context())
				if err != nil || len(topics) != 1 || topics[0] != "others" {
					t.Errorf("topics %q are left, %v", topics, err)
				}
			})
		})
	}
}
