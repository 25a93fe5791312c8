// Package scenarios is what a scenario is, and the list of them.
//
// Its law: scenarios differ in their link and in whether the services share a
// process, and in nothing else. Whatever else is needed to start a topology is
// done here, once, for all of them.
package scenarios

import (
	"slices"

	"crosstalk/fakesvc"
	asyncreplicated "crosstalk/scenarios/async-replicated"
	asyncrequest "crosstalk/scenarios/async-request"
	"crosstalk/scenarios/monolith"
	synchronous "crosstalk/scenarios/sync"
)

// Scenario is a way of linking.
type Scenario struct {
	Name    string
	Summary string
	// OneProcess puts all services into one process with one database.
	OneProcess bool
	// Bus tells that the link needs one.
	Bus bool
	// Copies tells that the consumer of such a link keeps a copy.
	Copies bool
	link   func() fakesvc.Link
}

// All returns the scenarios, the control last.
func All() []Scenario {
	return []Scenario{
		{
			Name: "sync", Summary: "D calls A, B and C by gRPC",
			link: func() fakesvc.Link { return synchronous.Link{} },
		},
		{
			Name: "async-request", Summary: "D asks A, B and C over the bus and waits for their results", Bus: true,
			link: func() fakesvc.Link { return asyncrequest.New() },
		},
		{
			Name: "async-replicated", Summary: "D answers from its own copy, fed by the change events of A, B and C", Bus: true, Copies: true,
			link: func() fakesvc.Link { return asyncreplicated.Link{} },
		},
		{
			Name: "monolith", Summary: "the control: function calls, one process, one database", OneProcess: true,
			link: func() fakesvc.Link { return monolith.Link{} },
		},
	}
}

// Names returns the names of all scenarios.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// ByName returns a scenario.
func ByName(name string) (Scenario, bool) {
	all := All()
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return all[i], true
}

// Remote tells whether the services of a scenario are processes of their own.
func Remote(name string) bool {
	s, ok := ByName(name)
	return ok && !s.OneProcess
}
