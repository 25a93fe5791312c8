package experiment

import "strconv"

// The shape of the graph can be set as well, by Set alone: a flag or a file says which
// services there are. Either makes the graph a tree, in which every service but the
// last ones needs as many others, and leaves the other as it is.
const (
	Upstreams = "upstreams" // how many services the entry, and each below it, needs
	Depth     = "depth"     // how many levels there are below the entry
)

// mostServices bounds what a grid of both would start.
const mostServices = 256

func (e *Experiment) setShape(name, text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > mostServices {
		return wrong(name, "%q is not a whole number from 1 to %d", text, mostServices)
	}
	width, depth := len(e.Entry().Needs), e.depth(e.Entry())
	if name == Upstreams {
		width = n
	} else {
		depth = n
	}
	services, level := 1, 1
	for range depth {
		level *= width
		if services += level; services > mostServices {
			return wrong(name, "%d upstreams each, %d deep, are more than %d services", width, depth, mostServices)
		}
	}
	e.Services = Tree(width, depth)
	return nil
}

// depth is how many levels there are below a service.
func (e *Experiment) depth(s Service) int {
	deepest := 0
	for _, n := range s.Needs {
		supplier, _ := e.Service(n.Service)
		deepest = max(deepest, 1+e.depth(supplier))
	}
	return deepest
}

// Tree is D over depth levels, each service of which needs width others.
func Tree(width, depth int) []Service {
	services := []Service{{Name: "D"}}
	level := []int{0}
	for range depth {
		var next []int
		for _, parent := range level {
			for range width {
				name := "S" + strconv.Itoa(len(services))
				services[parent].Needs = append(services[parent].Needs, Need{Service: name})
				next = append(next, len(services))
				services = append(services, Service{Name: name})
			}
		}
		level = next
	}
	return services
}
