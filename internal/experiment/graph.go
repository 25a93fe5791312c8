package experiment

import (
	"slices"
	"strings"

	"crosstalk/internal/fault"
	"crosstalk/internal/setting"
)

// longestName bounds the names of services and entities. They are parts of the names of
// topics (249 letters in Kafka), of files (255) and of tables: PostgreSQL takes 63 letters,
// of which "position.", before the service's, has nine.
const longestName = 48

func (e *Experiment) checkGraph() error {
	if len(e.Services) == 0 {
		return wrong("services", "there is none")
	}
	seen := make(map[string]bool)
	for i, s := range e.Services {
		switch {
		case !setting.IsName(s.Name):
			return wrongService(i, "%q is not a name: a letter, then letters, digits, '-' or '_'", short(s.Name))
		case len(s.Name) > longestName:
			return wrongService(i, "a name of %d letters, which begins with %s: at most %d", len(s.Name), s.Name[:20], longestName)
		case s.Entity != "" && !setting.IsName(s.Entity):
			return wrongService(i, "the entity %q of %s is not a name: a letter, then letters, digits, '-' or '_'", short(s.Entity), s.Name)
		case len(s.Entity) > longestName:
			return wrongService(i, "the entity of %s has %d letters: at most %d", s.Name, len(s.Entity), longestName)
		case s.Name == string(fault.Bus):
			return wrongService(i, "%s cannot be the name of a service: it is a fault's target", s.Name)
		case seen[s.Name]:
			return wrongService(i, "%s is there twice", s.Name)
		}
		seen[s.Name] = true
	}
	for i, s := range e.Services {
		for k, n := range s.Needs {
			if !seen[n.Service] {
				return wrongService(i, "%s needs %s, which is not there", s.Name, short(n.Service))
			}
			if slices.ContainsFunc(s.Needs[:k], func(m Need) bool { return m.Service == n.Service }) {
				return wrongService(i, "%s needs %s twice", s.Name, n.Service)
			}
		}
	}
	if cycle := e.cycle(); cycle != nil {
		return wrongService(e.index(cycle[0]), "%s: the needs go round in a circle", strings.Join(cycle, " needs "))
	}
	return e.checkEntry()
}

func (e *Experiment) checkEntry() error {
	needed := e.needed()
	var entries []string
	for _, s := range e.Services {
		if !needed[s.Name] {
			entries = append(entries, s.Name)
		}
	}
	if len(entries) != 1 {
		last := entries[len(entries)-1]
		return wrongService(e.index(last), "nobody needs %s: there must be one such service, the one that is queried", strings.Join(entries, " or "))
	}
	if len(e.Entry().Needs) == 0 {
		return wrongService(e.index(entries[0]), "%s needs nobody, so there is nothing to measure", entries[0])
	}
	return nil
}

func (e *Experiment) index(service string) int {
	return slices.IndexFunc(e.Services, func(s Service) bool { return s.Name == service })
}

// cycle returns the names along a circle of needs, the first one again at the
// end, or nil.
func (e *Experiment) cycle() []string {
	finished := make(map[string]bool)
	var path []string
	var visit func(name string) []string
	visit = func(name string) []string {
		if i := slices.Index(path, name); i >= 0 {
			return append(slices.Clone(path[i:]), name)
		}
		if finished[name] {
			return nil
		}
		path = append(path, name)
		s, _ := e.Service(name)
		for _, n := range s.Needs {
			if cycle := visit(n.Service); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		finished[name] = true
		return nil
	}
	for _, s := range e.Services {
		if cycle := visit(s.Name); cycle != nil {
			return cycle
		}
	}
	return nil
}

func (e *Experiment) checkLinks(scenarios []string, remote func(string) bool) error {
	for i, s := range e.Services {
		for _, n := range s.Needs {
			if n.Link == "" {
				continue
			}
			if !slices.Contains(scenarios, n.Link) {
				return wrongService(i, "%s needs %s by %q, which is no scenario: %s", s.Name, n.Service, short(n.Link), strings.Join(scenarios, ", "))
			}
			if !remote(n.Link) {
				return wrongService(i, "%s cannot need %s by %s: its services share a process", s.Name, n.Service, n.Link)
			}
		}
	}
	return nil
}
