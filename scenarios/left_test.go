package scenarios_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
	"crosstalk/internal/simnet"
	"crosstalk/scenarios"
)

// What is started on a cluster has topics of the run's prefix, with the partitions that
// were asked for, or as many as a service has instances. All of them are removed at the
// end by who started the whole topology, and by nobody who started one process of it.
func TestTopicsOfARun(t *testing.T) {
	for settings, partitions := range map[string]int{"partitions 3": 3, "replicas D=4 placement process": 4} {
		for _, whole := range []bool{true, false} {
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
				s, _ := scenarios.ByName("async-request")
				e := quiet(t, strings.Fields(settings)...)
				top := started(t, s, e, whole, scenarios.World{
					Env: fakesvc.Env{Listen: network.Listen, Dial: network.Dial}, Bus: broker.Addresses(), Dir: dir, Prefix: "mine", Listen: "127.0.0.1:0",
				})
				ends, err := client.End(t.Context(), "mine.A.queries")
				if err != nil || len(ends) != partitions {
					t.Errorf("%s: queries to A have %d partitions, %v; want %d", settings, len(ends), err, partitions)
				}
				if err := top.Close(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if left := topicsOf(t, client, "mine."); (len(left) == 0) != whole {
					t.Errorf("%s, whole %v: left are %q", settings, whole, left)
				}
			})
		}
	}
}

// started is the whole topology, or A alone.
func started(t *testing.T, s scenarios.Scenario, e *experiment.Experiment, whole bool, w scenarios.World) *scenarios.Topology {
	t.Helper()
	if err := e.Validate(scenarios.Names(), scenarios.Remote); err != nil {
		t.Fatal(err)
	}
	if whole {
		top, err := scenarios.Start(t.Context(), s, e, w)
		if err != nil {
			t.Fatal(err)
		}
		return top
	}
	all := scenarios.Processes(s, e)
	p := all[slices.IndexFunc(all, func(p scenarios.Process) bool { return p.Name == "A" })]
	top, _, err := scenarios.StartProcess(t.Context(), s, e, p, w)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func topicsOf(t *testing.T, c *bus.Client, prefix string) []string {
	t.Helper()
	all, err := c.Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(name string) bool { return !strings.HasPrefix(name, prefix) })
}

// What needs a bus is asked over one, or is linked so; in one process nothing is. A need is
// called where its service has a process and is not asked over the bus.
func TestWhatALinkNeeds(t *testing.T) {
	for _, c := range []struct {
		scenario, link             string
		bus, called, copied, apart bool
	}{
		{scenario: "sync", called: true, apart: true}, {scenario: "sync", link: "async-request", bus: true, apart: true},
		{scenario: "sync", link: "async-replicated", bus: true, copied: true, apart: true}, {scenario: "async-request", bus: true, apart: true},
		{scenario: "async-request", link: "sync", bus: true, called: true, apart: true}, {scenario: "async-replicated", bus: true, copied: true, apart: true},
		{scenario: "sync", link: "sync", called: true, apart: true}, {scenario: "monolith"}, {scenario: "monolith", link: "async-request"}, {scenario: "telepathy"},
	} {
		s, _ := scenarios.ByName(c.scenario)
		need := experiment.Need{Service: "A", Link: c.link}
		e := &experiment.Experiment{Services: []experiment.Service{{Name: "D", Needs: []experiment.Need{need}}, {Name: "A"}}}
		if got := scenarios.NeedsBus(s, e); got != c.bus {
			t.Errorf("%+v: needs a bus %v", c, got)
		}
		if got := scenarios.Called(s, need); got != c.called {
			t.Errorf("%+v: called %v", c, got)
		}
		if got := len(scenarios.Copies(s, e)) == 1; got != c.copied {
			t.Errorf("%+v: copied %v", c, got)
		}
		if got := scenarios.Remote(c.scenario); got != c.apart {
			t.Errorf("%+v: apart %v", c, got)
		}
	}
}

// Who is needed by two publishes each change once, and answers each query once.
func TestWhoIsNeededTwice(t *testing.T) {
	for scenario, events := range map[string]int64{"async-replicated": 1, "async-request": 6} {
		e := quiet(t)
		e.Services = []experiment.Service{{Name: "D", Needs: []experiment.Need{{Service: "A"}, {Service: "B"}}}, {Name: "B", Needs: []experiment.Need{{Service: "A"}}}, {Name: "A"}}
		inBubble(t, scenario, e, func(b *bubble) {
			b.begin()
			if scenario == "async-replicated" {
				b.write("A", 1, 2, 2)
			} else if _, _, err := b.ask(1, 2); err != nil {
				b.Fatal(err)
			}
			time.Sleep(time.Second)
			if got := b.statistics().Events; got != events {
				b.Errorf("%s: %d events, want %d", scenario, got, events)
			}
		})
	}
}
