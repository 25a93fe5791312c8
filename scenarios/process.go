package scenarios

import (
	"crosstalk/fakesvc"
	"crosstalk/internal/bus"
	"crosstalk/internal/experiment"
)

// Process is a part of a topology that runs, and dies, as one: its services share a
// port and a database. Its name is that of the service that its database is asked
// for.
type Process struct {
	Name     string
	Services []experiment.Service
}

// Processes returns those of an experiment in a scenario.
func Processes(s Scenario, e *experiment.Experiment) []Process {
	if s.OneProcess {
		return []Process{{e.Entry().Name, e.Services}}
	}
	var out []Process
	for _, service := range e.Services {
		out = append(out, Process{service.Name, []experiment.Service{service}})
	}
	return out
}

// Control is where the control of a process answers.
type Control struct {
	Address string
	Process Process
}

// Copy is a replica: who keeps it, and whose records they are.
type Copy struct{ Consumer, Owner string }

// Called tells whether a need is reached by the address of its service.
func Called(s Scenario, n experiment.Need) bool {
	link, ok := ByName(linkOf(s, n))
	return ok && !link.Bus && !link.OneProcess
}

// Copies returns the replicas that a scenario has its services keep.
func Copies(s Scenario, e *experiment.Experiment) []Copy {
	var out []Copy
	for _, service := range e.Services {
		for _, n := range service.Needs {
			if link, ok := ByName(linkOf(s, n)); ok && link.Copies {
				out = append(out, Copy{service.Name, n.Service})
			}
		}
	}
	return out
}

// linkOf returns the name of the scenario that a need is linked by. Where all
// services are in one process, that decides for all needs: it is the control.
func linkOf(s Scenario, n experiment.Need) string {
	if n.Link == "" || s.OneProcess {
		return s.Name
	}
	return n.Link
}

// Cluster is the bus of an experiment at addresses. Its error is that of a setting.
func Cluster(e *experiment.Experiment, env fakesvc.Env, addresses []string) (bus.Config, error) {
	cluster, err := e.Cluster()
	cluster.Addresses, cluster.Dial = addresses, env.Dial
	return cluster, err
}

// NeedsBus tells whether any need of the experiment is linked over a bus.
func NeedsBus(s Scenario, e *experiment.Experiment) bool {
	if s.Bus {
		return true
	}
	for _, service := range e.Services {
		for _, n := range service.Needs {
			if link, ok := ByName(n.Link); ok && link.Bus && !s.OneProcess {
				return true
			}
		}
	}
	return false
}
