package experiment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crosstalk/internal/fault"
	"crosstalk/internal/schedule"
	"crosstalk/internal/setting"
	"crosstalk/internal/store"
)

// Error says which setting is wrong, by its name, and why.
type Error struct {
	Setting string
	Reason  string
	// Part is which part of a list it is that is wrong, from 1 on; 0 is all of it.
	Part int
}

func (e *Error) Error() string { return e.Setting + ": " + e.Reason }

func wrong(setting, format string, args ...any) error {
	return &Error{Setting: setting, Reason: short(fmt.Sprintf(format, args...))}
}

// wrongService is the error of the service with that index.
func wrongService(index int, format string, args ...any) error {
	return &Error{Setting: "services", Reason: short(fmt.Sprintf(format, args...)), Part: index + 1}
}

// Validate tells what cannot be run, as an *Error. scenarios are the names that
// exist; remote tells of each whether its services are processes of their own.
func (e *Experiment) Validate(scenarios []string, remote func(scenario string) bool) error {
	for _, check := range []func() error{
		e.checkLoad,
		func() error { return e.checkScenarios(scenarios) },
		e.checkGraph,
		func() error { return e.checkLinks(scenarios, remote) },
		e.checkNames,
		e.checkFaults,
		e.checkKafka,
		func() error { return e.checkPlacement(remote) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *Experiment) checkLoad() error {
	switch {
	case e.Rate == 0 && e.Concurrency == 0:
		return wrong("rate", "0 means as fast as possible, which needs a --concurrency above 0")
	case e.Rate != 0 && e.Concurrency != 0:
		return wrong("concurrency", "is for a closed loop, which needs --rate=0; an open one is bounded by --max-in-flight")
	case e.Duration <= 0:
		return wrong("duration", "%v is not above 0", time.Duration(e.Duration))
	case time.Duration(e.Duration) > schedule.Longest:
		return wrong("duration", "%v is above %v", time.Duration(e.Duration), schedule.Longest)
	case e.WarmUp < 0:
		return wrong("warmup", "%v is negative", time.Duration(e.WarmUp))
	case time.Duration(e.WarmUp) > schedule.Longest:
		return wrong("warmup", "%v is above %v", time.Duration(e.WarmUp), schedule.Longest)
	case e.Timeout <= 0:
		return wrong("timeout", "%v is not above 0", time.Duration(e.Timeout))
	case e.MaxInFlight < 1:
		return wrong("max-in-flight", "must be at least 1")
	case e.Keys < 1:
		return wrong("keys", "must be at least 1")
	case e.Rate > fastest:
		return wrong("rate", "%v is above %v, which no driver keeps up with", e.Rate, fastest)
	case e.WriteRate.Rate > fastest:
		return wrong("write-rate", "%v is above %v, which no driver keeps up with", e.WriteRate.Rate, fastest)
	case e.Payload > largest:
		return wrong("payload", "%v is above %v, the most that fits into an event on every cluster", e.Payload, largest)
	}
	return nil
}

const (
	// fastest is well above what one process can send, and bounds how long it
	// takes to count what it did not.
	fastest setting.Rate = 1_000_000
	// largest leaves an event room for its envelope in what our topics take.
	largest setting.Size = 8_000_000
)

func (e *Experiment) checkScenarios(known []string) error {
	for i, name := range e.Scenario {
		if !slices.Contains(known, name) {
			if guess := setting.DidYouMean(name, known); guess != "" {
				return wrong("scenario", "unknown scenario %q%s", name, guess)
			}
			return wrong("scenario", "unknown scenario %q: %s", name, strings.Join(known, ", "))
		}
		if slices.Contains(e.Scenario[:i], name) {
			return wrong("scenario", "%s is named twice", name)
		}
	}
	return nil
}

func (e *Experiment) checkNames() error {
	for _, named := range []struct {
		setting string
		names   []string
	}{
		{"fail-rate", e.FailRate.Names()},
		{"hang-rate", e.HangRate.Names()},
		{"latency", e.Latency.Names()},
		{"store", e.Store.Names()},
		{"workers", e.Workers.Names()},
		{"policy", e.Policy.Names()},
		{"replicas", e.Replicas.Names()},
	} {
		for _, name := range named.names {
			if _, ok := e.Service(name); !ok {
				return wrong(named.setting, "there is no service %q", name)
			}
		}
	}
	return nil
}

func (e *Experiment) checkFaults() error {
	for _, asked := range []struct {
		setting string
		faults  fault.Faults
	}{{"outage", fault.Faults(e.Outage)}, {"fault", e.Fault}} {
		for i, f := range asked.faults {
			if _, ok := e.Service(f.Target.Service); !ok && f.Target.Part != fault.Bus && f.Target.Service != fault.Everyone {
				return wrong(asked.setting, "there is no service %q", f.Target.Service)
			}
			if err := f.Within(time.Duration(e.Duration)); err != nil {
				return wrong(asked.setting, "%v", err)
			}
			others := asked.faults[:i]
			if asked.setting == "fault" {
				others = append(fault.Faults(e.Outage).For(e.Owners()), others...)
			}
			for _, own := range (fault.Faults{f}).For(e.Owners()) {
				for _, other := range others.For(e.Owners()) {
					if own.Clashes(other) {
						return wrong(asked.setting, "%v and %v overlap", other, f)
					}
				}
			}
		}
	}
	return nil
}

// checkPlacement refuses what is for processes where there are none, and copies that
// could not share a database. Where a scenario is one process, the entry's database has
// the tables of all owners.
func (e *Experiment) checkPlacement(remote func(scenario string) bool) error {
	if err := e.checkSignals(remote); err != nil {
		return err
	}
	return e.checkCopies(remote)
}

func (e *Experiment) checkSignals(remote func(scenario string) bool) error {
	for _, f := range e.Fault {
		if f.Kind.Signals() && e.Placement != Processes {
			return wrong("fault", "%v is done to a process: it needs --placement=process", f)
		}
		if err := e.checkLoss(f, remote); err != nil {
			return err
		}
		if f.Kind.Signals() && f.Target.Part == fault.Bus && len(e.Kafka) > 0 {
			return wrong("fault", "%v is done to the embedded broker: the one at --kafka is not ours", f)
		}
	}
	return nil
}

// checkLoss refuses a signal to a process that has owners' records in memory. A replica
// there is read again.
func (e *Experiment) checkLoss(f fault.Fault, remote func(scenario string) bool) error {
	target, entry := f.Target.Service, e.Entry().Name
	if !f.Kind.Signals() || target == "" {
		return nil
	}
	for _, scenario := range e.Scenario {
		switch own := remote(scenario); {
		case own && target != entry && e.StoreOf(target).Kind == store.Memory:
			return wrong("fault", "%v would lose what %s has: its database is in memory", f, target)
		case !own && e.StoreOf(entry).Kind == store.Memory:
			return wrong("fault", "%v would lose what %s have: in %s their database is that of %s, in memory",
				f, strings.Join(e.Owners(), ", "), scenario, entry)
		}
	}
	return nil
}

func (e *Experiment) checkCopies(remote func(scenario string) bool) error {
	for _, s := range e.Services {
		if asked, ok := e.Replicas.For(s.Name); ok && asked < 1 {
			return wrong("replicas", "%d copies of %s are none: there is at least one", asked, s.Name)
		}
		copies := e.CopiesOf(s.Name)
		switch kind := e.StoreOf(s.Name).Kind; {
		case copies == 1:
		case e.Placement != Processes:
			return wrong("replicas", "%d copies of %s are processes: they need --placement=process", copies, s.Name)
		case copies > mostCopies:
			return wrong("replicas", "%d copies of %s are above %d, the most that are started", copies, s.Name, mostCopies)
		case e.isNeeded(s.Name) && !kind.Shared():
			return wrong("replicas", "copies of %s share its database, which %s does not let them: use sqlite or postgres", s.Name, kind)
		case s.Name == e.Entry().Name && kind != store.Postgres:
			if i := slices.IndexFunc(e.Scenario, func(name string) bool { return !remote(name) }); i >= 0 {
				return wrong("replicas", "copies of %s have the tables of %s in %s, and each has a %s database of its own: use postgres",
					s.Name, strings.Join(e.Owners(), ", "), e.Scenario[i], kind)
			}
		}
	}
	return nil
}

// mostCopies bounds the processes that a mistyped number would start.
const mostCopies = 64
