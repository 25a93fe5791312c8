// Package experiment is what is asked: one experiment for all scenarios.
//
// Its law: a setting has one name and one syntax, the flag's, wherever it is
// written: on the command line, in a file, in run.json. Nothing else in the
// project reads settings, and what a run does follows from an Experiment alone.
package experiment

import (
	"slices"
	"time"

	"crosstalk/internal/dist"
	"crosstalk/internal/fault"
	"crosstalk/internal/policy"
	"crosstalk/internal/schedule"
	"crosstalk/internal/setting"
	"crosstalk/internal/store"
)

// Experiment is what is held equal across the runs of a command.
type Experiment struct {
	Scenario setting.List `yaml:"scenario"`

	Rate        setting.Rate     `yaml:"rate"`
	Arrival     schedule.Arrival `yaml:"arrival"`
	Concurrency setting.Count    `yaml:"concurrency"`
	Duration    setting.Duration `yaml:"duration"`
	WarmUp      setting.Duration `yaml:"warmup"`
	Timeout     setting.Duration `yaml:"timeout"`
	MaxInFlight setting.Count    `yaml:"max-in-flight"`
	WriteRate   WriteRate        `yaml:"write-rate"`
	Keys        setting.Count    `yaml:"keys"`
	Payload     setting.Size     `yaml:"payload"`
	Seed        setting.Seed     `yaml:"seed"`

	Fanout Fanout                         `yaml:"fanout"`
	Store  setting.PerService[store.Spec] `yaml:"store"`
	Kafka  setting.List                   `yaml:"kafka"`
	Outbox setting.Switch                 `yaml:"outbox"`

	Placement Placement                         `yaml:"placement"`
	Replicas  setting.PerService[setting.Count] `yaml:"replicas"`

	KafkaTLS    KafkaTLS      `yaml:"kafka-tls"`
	KafkaSASL   KafkaSASL     `yaml:"kafka-sasl"`
	Partitions  setting.Maybe `yaml:"partitions"`
	Replication setting.Maybe `yaml:"replication"`

	FailRate setting.PerService[fault.Aborts]      `yaml:"fail-rate"`
	HangRate setting.PerService[setting.Share]     `yaml:"hang-rate"`
	Latency  setting.PerService[dist.Distribution] `yaml:"latency"`
	Outage   fault.Outages                         `yaml:"outage"`
	Fault    fault.Faults                          `yaml:"fault"`

	Workers setting.PerService[setting.Capacity] `yaml:"workers"`
	Policy  setting.PerService[policy.Policy]    `yaml:"policy"`

	Services []Service `yaml:"services"`
}

// Service is one node of the graph.
type Service struct {
	Name string `yaml:"name"`
	// Entity names its records in event types; empty is the service's name.
	Entity string `yaml:"entity,omitempty"`
	Needs  []Need `yaml:"needs,omitempty"`
}

// Default is the experiment that is run when nothing is asked: one that shows
// the differences.
func Default() Experiment {
	e := Experiment{
		Rate: 500, Arrival: schedule.Poisson,
		Duration: setting.Duration(10 * time.Second), WarmUp: setting.Duration(2 * time.Second),
		Timeout: setting.Duration(time.Second), MaxInFlight: 10_000,
		WriteRate: WriteRate{Share: 0.1}, Keys: 100, Payload: 128, Seed: 1, Fanout: Parallel, Outbox: true, Placement: InProcess,
		Services: []Service{
			{Name: "D", Needs: []Need{{Service: "A"}, {Service: "B"}, {Service: "C"}}},
			{Name: "A", Entity: "User"},
			{Name: "B", Entity: "Product"},
			{Name: "C", Entity: "Order"},
		},
	}
	must(e.Store.UnmarshalText([]byte(store.Sqlite)))
	must(e.Latency.UnmarshalText([]byte("lognormal(5ms,50ms)")))
	return e
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Service returns the service of that name.
func (e *Experiment) Service(name string) (Service, bool) {
	i := slices.IndexFunc(e.Services, func(s Service) bool { return s.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return e.Services[i], true
}

// Entry returns the service that the driver queries: the one that nobody needs.
// The experiment must be valid.
func (e *Experiment) Entry() Service {
	needed := e.needed()
	for _, s := range e.Services {
		if !needed[s.Name] {
			return s
		}
	}
	return Service{}
}

// Owners returns the names of the services that own records: all but the entry.
func (e *Experiment) Owners() []string {
	var owners []string
	needed := e.needed()
	for _, s := range e.Services {
		if needed[s.Name] {
			owners = append(owners, s.Name)
		}
	}
	return owners
}

func (e *Experiment) needed() map[string]bool {
	needed := make(map[string]bool)
	for _, s := range e.Services {
		for _, n := range s.Needs {
			needed[n.Service] = true
		}
	}
	return needed
}

// isNeeded is needed of one service, for those who ask of each: a map made anew each
// time takes a second of a graph of a thousand services.
func (e *Experiment) isNeeded(service string) bool {
	return slices.ContainsFunc(e.Services, func(s Service) bool {
		return slices.ContainsFunc(s.Needs, func(n Need) bool { return n.Service == service })
	})
}

// Entity returns what the records of a service are called in event types.
func (e *Experiment) Entity(service string) string {
	if s, ok := e.Service(service); ok && s.Entity != "" {
		return s.Entity
	}
	return service
}

// StoreOf returns which a service's database is: SQLite where only others are
// named.
func (e *Experiment) StoreOf(service string) store.Spec {
	if spec, ok := e.Store.For(service); ok {
		return spec
	}
	return store.Spec{Kind: store.Sqlite}
}

func of[T any](p setting.PerService[T], service string, withDefault bool) T {
	if withDefault {
		v, _ := p.For(service)
		return v
	}
	return p.By[service]
}

// CopiesOf returns how many copies of a service there are: at least 1. A number
// without a name is meant for the upstreams.
func (e *Experiment) CopiesOf(service string) int {
	return max(int(of(e.Replicas, service, e.isNeeded(service))), 1)
}

// SuppliersFirst returns the services in an order in which each comes after all that
// it needs. The experiment must be valid.
func (e *Experiment) SuppliersFirst() []Service {
	var out []Service
	placed := make(map[string]bool)
	var place func(s Service)
	place = func(s Service) {
		if placed[s.Name] {
			return
		}
		placed[s.Name] = true
		for _, n := range s.Needs {
			supplier, _ := e.Service(n.Service)
			place(supplier)
		}
		out = append(out, s)
	}
	for _, s := range e.Services {
		place(s)
	}
	return out
}

// CapacityOf returns how much a service does at once. A value without a name is
// meant for the upstreams.
func (e *Experiment) CapacityOf(service string) setting.Capacity {
	return of(e.Workers, service, e.isNeeded(service))
}

// PolicyOf returns what a service does about one of its needs: the need's own
// policy, or the service's. A policy without a name is the entry's.
func (e *Experiment) PolicyOf(service string, n Need) policy.Policy {
	if n.Policy != nil {
		return *n.Policy
	}
	return of(e.Policy, service, !e.isNeeded(service))
}

// Plan returns what is asked of the driver.
func (e *Experiment) Plan() schedule.Plan {
	return schedule.Plan{
		Seed: uint64(e.Seed), Arrival: e.Arrival, Rate: float64(e.Rate),
		WriteRate: e.WriteRate.Of(float64(e.Rate)), WriteShare: float64(e.WriteRate.Share), Owners: e.Owners(),
		Keys: int(e.Keys), PayloadBytes: int(e.Payload),
		WarmUp: time.Duration(e.WarmUp), Duration: time.Duration(e.Duration),
	}
}
