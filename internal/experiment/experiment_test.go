package experiment

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"crosstalk/internal/dist"
	"crosstalk/internal/fault"
	"crosstalk/internal/setting"
)

var names = []string{"sync", "async-request", "async-replicated", "monolith"}

func remote(name string) bool { return name != "monolith" }

func decode(t *testing.T, text string) (*Experiment, error) {
	t.Helper()
	f, err := ReadFile("e.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	e := Default()
	return &e, f.Decode(&e)
}

func TestDefaultIsValid(t *testing.T) {
	e := Default()
	if err := e.Validate(names, remote); err != nil {
		t.Error(err)
	}
}

// What is printed as a file must be read as the same experiment.
func TestFileRoundTrip(t *testing.T) {
	e, err := decode(t, `
rate: 250/s
arrival: constant
fail-rate: B=UNAVAILABLE:5%,C=0.1
latency: lognormal(5ms,50ms),B=150us:10,2ms:5
outage: B@2s+3s
store: {D: memory}
services:
  - name: D
    needs: [A, "B:async-replicated", C]
  - {name: A, entity: User, needs: [X]}
  - name: B
  - name: C
  - name: X
`)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(names, remote); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	again, err := decode(t, string(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if a, b := asJSON(t, e), asJSON(t, again); a != b {
		t.Errorf("read again it is\n%s\nand was\n%s", b, a)
	}
}

func asJSON(t *testing.T, e *Experiment) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What a run keeps of its experiment is read as the same experiment, also of one that
// leaves settings out, or says nothing at all.
func TestJSONRoundTrip(t *testing.T) {
	full, err := decode(t, `
rate: 250/s
replicas: A=3
placement: process
partitions: 4
write-rate: 20/s
fail-rate: {B: 10%, C: 'UNAVAILABLE:5%'}
latency: 5ms,D=none
outage: B@3s+2s
fault: [bus:drop=1%, 'B:slow=10@3s+2s']
workers: A=8,queue=100
policy: timeout=50ms retry=2
services: [{name: D, needs: [A, 'B timeout=50ms retry=2']}, {name: A}, {name: B, entity: Product}]
`)
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]Experiment{"full": *full, "default": Default(), "nothing": {}} {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got Experiment
		if err := json.Unmarshal(text, &got); err != nil || !slices.Equal(got.Written(), e.Written()) {
			t.Errorf("%s: %v\n%s\ngot  %+v\nwant %+v", name, err, text, got.Written(), e.Written())
		}
	}
	var some Experiment
	if err := json.Unmarshal([]byte(`{"seed": 7, "warmup": "1.5s"}`), &some); err != nil || !reflect.DeepEqual(some, Experiment{Seed: 7, WarmUp: setting.Duration(1500 * time.Millisecond)}) {
		t.Errorf("%v, %+v", err, some)
	}
	if err := json.Unmarshal([]byte(`{"sed": 7}`), &some); err == nil || !strings.Contains(err.Error(), "sed") {
		t.Errorf("a setting that there is not: %v", err)
	}
}

// In run.json a setting has the name and the text that it has as a flag.
func TestJSONHasTheNamesOfTheFlags(t *testing.T) {
	e := Default()
	var got map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, &e)), &got); err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Settings() {
		if _, ok := got[s.Name]; !ok {
			t.Errorf("there is no %q", s.Name)
		}
	}
	if len(got) != len(e.Settings())+1 { // the services
		t.Errorf("%d settings and %d keys", len(e.Settings()), len(got))
	}
	if got["write-rate"] != "10%" || got["latency"] != "lognormal(5ms,50ms)" || got["duration"] != "10s" {
		t.Errorf("%v, %v, %v", got["write-rate"], got["latency"], got["duration"])
	}
}

func TestListsAndMapsAreWhatCommasAre(t *testing.T) {
	e, err := decode(t, "scenario: [sync, monolith]\nfail-rate: {B: 0.2, C: 10%}\nkeys: 1_000\n")
	if err != nil {
		t.Fatal(err)
	}
	if e.Scenario.String() != "sync,monolith" || e.Keys != 1000 {
		t.Errorf("%v, %v", e.Scenario, e.Keys)
	}
	if rate := aborts(e, "C"); len(rate) != 1 || rate[0].Rate != 0.1 {
		t.Errorf("fail-rate of C: %v", rate)
	}
}

func TestWrongFiles(t *testing.T) {
	for text, want := range map[string]string{
		"rate: 10\nlatenzy: 5ms\n": `e.yaml:2:1: there is no setting "latenzy"`,
		"rate: -5\n":               "e.yaml:1:7: rate: ",
		"rate: 5\n  keys: 3\n":     "e.yaml:",
		"rate:\n":                  "e.yaml:1:",
		"keys: 10\nkeys: 20\n":     "e.yaml:2:1: ",
		"- 1\n- 2\n":               "e.yaml:1:1: is not a list of settings",
		"services:\n  - nome: D\n": "e.yaml:2:5: ",
		"services:\n  - name: D\n    needs: [':x']": "e.yaml:",
		"rate: &x 10\n":          "e.yaml:1:7: rate: YAML's anchors and aliases (&name, *name) are not read here",
		"keys: *x\n":             "e.yaml:1:7: keys: YAML's anchors and aliases (&name, *name) are not read here",
		"latency: {A: &x 5ms}\n": "e.yaml:1:10: latency: YAML's anchors and aliases",
		"rate: !!int 10\n":       "e.yaml:1:7: rate: YAML's tags (!name) are not read here",
		"latency: |\n  5ms\n":    "e.yaml:1:10: latency: must stand on one line",
		"duration: 10\n":         `e.yaml:1:11: duration: "10" is not a duration such as 10s or 500ms`,
	} {
		_, err := decode(t, text)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q gives %v, want one line that begins with %q", text, err, want)
		}
	}
}

// An error in the graph names the line of the service at fault.
func TestWhereAGraphIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"rate: 10\nservices:\n  - {name: D, needs: [A]}\n  - {name: A, needs: [B]}\n  - {name: B, needs: [A]}\n": "e.yaml:4:5",
		"services:\n  - {name: D, needs: [A]}\n  - {name: A}\n  - name: A\n":                                     "e.yaml:4:5",
		"services:\n  - name: D\n    needs: [A, X]\n  - name: A\n":                                               "e.yaml:2:5",
		"services:\n  - name: D\n    needs: [A]\n  - name: A\n  - entity: Thing\n    name: E\n":                  "e.yaml:5:5",
		"services:\n  - name: D\n  - name: 1A\n":                                                                 "e.yaml:3:5",
		"services: [{name: D, needs: [A]}, {name: A, needs: [D]}]\n":                                             "e.yaml:1:12",
		"keys: 0\n": "e.yaml:1:1",
	} {
		f, err := ReadFile("e.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		e := Default()
		if err := f.Decode(&e); err != nil {
			t.Fatal(err)
		}
		var wrong *Error
		if err := e.Validate(names, remote); !errors.As(err, &wrong) {
			t.Errorf("%q is valid: %v", text, err)
			continue
		}
		if at, ok := f.Where(wrong); !ok || at != want {
			t.Errorf("%q: %v is at %q, want %q", text, wrong, at, want)
		}
	}
}

func TestEmptyFileIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n"} {
		e, err := decode(t, text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		d := Default()
		if asJSON(t, e) != asJSON(t, &d) {
			t.Errorf("%q is not the default", text)
		}
	}
}

func TestValidate(t *testing.T) {
	need := func(names ...string) (needs []Need) {
		for _, n := range names {
			needs = append(needs, Need{Service: n})
		}
		return needs
	}
	services := func(s ...Service) func(*Experiment) {
		return func(e *Experiment) { e.Services = s }
	}
	for want, change := range map[string]func(*Experiment){
		"rate: 0 means as fast as possible, which needs a --concurrency above 0":                             func(e *Experiment) { e.Rate = 0 },
		"concurrency: is for a closed loop, which needs --rate=0; an open one is bounded by --max-in-flight": func(e *Experiment) { e.Concurrency = 4 },
		"duration: 0s is not above 0": func(e *Experiment) { e.Duration = 0 },
		"rate: 1000000000000/s is above 1000000/s, which no driver keeps up with":      with("rate", "1e12"),
		"write-rate: 2000000/s is above 1000000/s, which no driver keeps up with":      with("write-rate", "2e6"),
		"payload: 9MB is above 8MB, the most that fits into an event on every cluster": with("payload", "9MB"),
		"timeout: 0s is not above 0":                                                                        func(e *Experiment) { e.Timeout = 0 },
		"max-in-flight: must be at least 1":                                                                 func(e *Experiment) { e.MaxInFlight = 0 },
		"keys: must be at least 1":                                                                          func(e *Experiment) { e.Keys = 0 },
		`scenario: unknown scenario "synk": did you mean sync?`:                                             func(e *Experiment) { e.Scenario = []string{"synk"} },
		"scenario: sync is named twice":                                                                     func(e *Experiment) { e.Scenario = []string{"sync", "sync"} },
		`fail-rate: there is no service "E"`:                                                                with("fail-rate", "E=0.1"),
		`latency: there is no service "E"`:                                                                  with("latency", "A=5ms,E=5ms"),
		`store: there is no service "E"`:                                                                    with("store", "E=memory"),
		`outage: there is no service "E"`:                                                                   with("outage", "E@1s+1s"),
		"outage: B:outage@1s+4s and B:outage@3s+1s overlap":                                                 with("outage", "B@1s+4s,B@3s+1s"),
		`kafka: "localhost" is not host:port`:                                                               with("kafka", "localhost"),
		"services: there is none":                                                                           services(),
		"services: D is there twice":                                                                        services(Service{Name: "D"}, Service{Name: "D"}),
		`services: "1D" is not a name: a letter, then letters, digits, '-' or '_'`:                          services(Service{Name: "1D"}),
		"services: D needs A, which is not there":                                                           services(Service{Name: "D", Needs: need("A")}),
		"services: D needs A twice":                                                                         services(Service{Name: "D", Needs: need("A", "A")}, Service{Name: "A"}),
		"services: A needs B needs C needs A: the needs go round in a circle":                               services(Service{Name: "D", Needs: need("A")}, Service{Name: "A", Needs: need("B")}, Service{Name: "B", Needs: need("C")}, Service{Name: "C", Needs: need("A")}),
		"services: D needs D: the needs go round in a circle":                                               services(Service{Name: "D", Needs: need("D")}),
		"services: nobody needs D or E: there must be one such service, the one that is queried":            services(Service{Name: "D", Needs: need("A")}, Service{Name: "E"}, Service{Name: "A"}),
		"services: D needs nobody, so there is nothing to measure":                                          services(Service{Name: "D"}),
		`services: D needs A by "x", which is no scenario: sync, async-request, async-replicated, monolith`: services(Service{Name: "D", Needs: []Need{{Service: "A", Link: "x"}}}, Service{Name: "A"}),
		"services: D cannot need A by monolith: its services share a process":                               services(Service{Name: "D", Needs: []Need{{Service: "A", Link: "monolith"}}}, Service{Name: "A"}),
	} {
		e := Default()
		change(&e)
		if err := e.Validate(names, remote); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	e := Default()
	with("outage", "B@8s+3s")(&e)
	if err := e.Validate(names, remote); err == nil || !strings.HasPrefix(err.Error(), "outage: ") || !strings.Contains(err.Error(), "11s") {
		t.Errorf("an outage past the end gives %v", err)
	}
}

func with(name, text string) func(*Experiment) {
	return func(e *Experiment) {
		for _, s := range e.Settings() {
			if s.Name == name {
				must(s.Value.UnmarshalText([]byte(text)))
			}
		}
	}
}

func aborts(e *Experiment, service string) fault.Aborts {
	for _, f := range e.Faults().At(fault.Target{Service: service}) {
		if f.Kind == fault.Abort {
			return f.Aborts
		}
	}
	return nil
}

func work(e *Experiment, service string) (d dist.Distribution) {
	for _, f := range e.Faults().At(fault.Target{Service: service}) {
		if f.Kind == fault.Delay {
			d = f.Delay
		}
	}
	return d
}

func TestFaultsAreMeantForTheUpstreams(t *testing.T) {
	e := Default()
	with("latency", "5ms,B=20ms")(&e)
	for service, want := range map[string]time.Duration{"A": 5 * time.Millisecond, "B": 20 * time.Millisecond, "D": 0} {
		if got := work(&e, service).Mean(); got != want {
			t.Errorf("work of %s: %v, want %v", service, got, want)
		}
	}
	with("latency", "D=7ms")(&e)
	for service, want := range map[string]time.Duration{"A": 0, "D": 7 * time.Millisecond} {
		if got := work(&e, service).Mean(); got != want {
			t.Errorf("work of %s: %v, want %v", service, got, want)
		}
	}
}

func TestWriteRate(t *testing.T) {
	for text, want := range map[string]float64{"10%": 50, "0": 0, "20/s": 20, "150%": -1, "x": -1, "-1": -1} {
		var w WriteRate
		err := w.UnmarshalText([]byte(text))
		if (err != nil) != (want < 0) || err == nil && w.Of(500) != want {
			t.Errorf("%q beside 500/s is %v, %v; want %v", text, w.Of(500), err, want)
		}
	}
}

func TestWriteRateIsPrintedAsItIsRead(t *testing.T) {
	for _, text := range []string{"7%", "10%", "100%", "0.1%", "12.5%", "20/s", "0"} {
		var w WriteRate
		must(w.UnmarshalText([]byte(text)))
		if got, err := w.MarshalText(); err != nil || string(got) != text {
			t.Errorf("%s is printed as %s, %v", text, got, err)
		}
	}
}

func TestStoreOfOthersIsTheDefault(t *testing.T) {
	e := Default()
	with("store", "D=memory")(&e)
	if a, d := e.StoreOf("A"), e.StoreOf("D"); a.Kind != "sqlite" || d.Kind != "memory" {
		t.Errorf("A has %q and D %q", a, d)
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add("rate: 500/s\nservices:\n  - name: D\n    needs: [A]\n  - name: A\n")
	f.Add("fail-rate: {A: 1%}\nscenario: [sync]\n")
	f.Add("outage: [B@1s+2s]\nlatency: lognormal(1ms, 2ms)\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := ReadFile("e.yaml", []byte(text))
		if err != nil {
			return
		}
		e := Default()
		if file.Decode(&e) != nil || e.Validate(names, remote) != nil {
			return
		}
		printed, err := yaml.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadFile("again.yaml", printed)
		if err != nil {
			t.Fatalf("%v in\n%s", err, printed)
		}
		other := Default()
		if err := again.Decode(&other); err != nil {
			t.Fatalf("%v in\n%s", err, printed)
		}
	})
}
