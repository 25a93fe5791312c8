package topology

import (
	"fmt"
	"regexp"
	"slices"

	"crosstalk/fakesvc/fakesvcpb"
	"crosstalk/internal/experiment"
	"crosstalk/scenarios"
)

// Task is what a node is asked to be: a process of an experiment's topology.
type Task struct {
	Experiment *experiment.Experiment
	Scenario   scenarios.Scenario
	Process    scenarios.Process
	// Prefix begins the name of each topic, and names the run's databases.
	Prefix string
	// Run is the name of the run, for metrics.
	Run string
	// Kafka is where the bus is.
	Kafka []string
	// Writer is what the driver's writes carry; empty lets everyone write.
	Writer string
	// OTLP is the collector that takes spans; empty where none are made.
	OTLP string
	// Addresses tells of each service where it is.
	Addresses map[string]string
}

// NewTask returns the task of being a service's process.
func NewTask(e *experiment.Experiment, scenario, service string) (Task, error) {
	t := Task{Experiment: e}
	var ok bool
	if t.Scenario, ok = scenarios.ByName(scenario); !ok {
		return t, fmt.Errorf("there is no scenario %q", scenario)
	}
	processes := scenarios.Processes(t.Scenario, e)
	i := slices.IndexFunc(processes, func(p scenarios.Process) bool { return p.Name == service })
	if i < 0 {
		return t, fmt.Errorf("%s has no service %q", scenario, service)
	}
	t.Process = processes[i]
	return t, nil
}

// Needs are the services that the process reaches by an address.
func (t Task) Needs() []string {
	var out []string
	for _, s := range t.Process.Services {
		for _, n := range s.Needs {
			if scenarios.Called(t.Scenario, n) {
				out = append(out, n.Service)
			}
		}
	}
	return out
}

func (t Task) address(service string) string { return t.Addresses[service] }

// taskOf reads what a driver asks for.
func taskOf(r *fakesvcpb.PrepareRequest) (Task, error) {
	e := experiment.Default()
	file, err := experiment.ReadFile("experiment", []byte(r.GetExperiment()))
	if err != nil {
		return Task{}, err
	}
	if err := file.Decode(&e); err != nil {
		return Task{}, err
	}
	if err := e.Validate(scenarios.Names(), scenarios.Remote); err != nil {
		return Task{}, err
	}
	t, err := NewTask(&e, r.GetScenario(), r.GetService())
	if err != nil {
		return Task{}, err
	}
	t.Prefix, t.Run, t.Kafka, t.Addresses = r.GetPrefix(), r.GetRun(), r.GetKafka(), r.GetAddresses()
	t.OTLP, t.Writer = r.GetOtlp(), r.GetWriter()
	return t, CheckPrefix(t.Prefix)
}

var prefixes = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,200}$`)

// CheckPrefix refuses what cannot begin the name of a topic, and name a folder.
func CheckPrefix(text string) error {
	if !prefixes.MatchString(text) {
		return fmt.Errorf("%q cannot begin the name of a topic: up to 200 letters, digits, '-' and '_'", text)
	}
	return nil
}
